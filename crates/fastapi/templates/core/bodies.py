"""Bodies of requests: read strictly, and judged when it is known that the caller may know of the row."""

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, ClassVar, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationError
from pydantic_core import PydanticCustomError

from app.core import problems
from app.core.problems import Fault, Problem

LIMIT = {{ limits.body }}
_NESTING = {{ limits.nesting }}
_JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


class Body(BaseModel):
    """What a request says; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Keys that a reply has and a request may not set; those of parts with the part's key before them.
    read_only: ClassVar[frozenset[str]] = frozenset()

    def has(self, name: str) -> bool:
        """Whether the key was given, be it null."""
        return name in self.model_fields_set


class Nothing(Body):
    """Of an operation that takes no input."""


B = TypeVar("B", bound=Body)


class JsonBody:
    """A body that is JSON; whether it is the right one, `read` says."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.value = _parsed(content) if content else None

    def read(self, model: type[B]) -> B:
        if not isinstance(self.value, dict):
            raise problems.invalid(Fault("", "type", "The body must be a JSON object."))
        try:
            return model.model_validate(self.value)
        except ValidationError as error:
            raise problems.invalid(*problems.body_faults(error, model.read_only)) from error

    def read_or_empty(self, model: type[B]) -> B:
        """The same, where no body stands for one without keys."""
        if not self.content:
            self.value = {}
        return self.read(model)


def new_or_kept(new: type[Body], kept: type[Body]) -> PlainValidator:
    """Of the parts of a row: one with an `id` is there already and is changed, one without is made."""

    def read(value: Any) -> Body:
        if not isinstance(value, dict):
            raise PydanticCustomError("type", "It must be an object")
        return (kept if "id" in value else new).model_validate(value)

    return PlainValidator(read)


def _parsed(content: bytes) -> Any:
    try:
        value = json.loads(
            content.decode(),
            object_pairs_hook=_without_twins,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as error:
        detail = f"The body is not JSON that can be read: {error}."
        raise problems.unreadable(detail) from error
    if _depth(value) > _NESTING:
        raise problems.unreadable(f"The body is nested more than {_NESTING} levels deep.")
    return value


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no value")


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level:
        containers = [one for one in level if isinstance(one, dict | list)]
        level = [item for one in containers for item in (one.values() if isinstance(one, dict) else one)]
        depth += bool(containers)
    return depth


async def _collected(request: Request) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > LIMIT:
        raise _too_large()
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LIMIT:
            raise _too_large()
    return bytes(content)


def _too_large() -> Problem:
    headers = {"Connection": "close"}
    return Problem(413, "too-large", f"The body may have at most {LIMIT} bytes.", headers=headers)


def _media_type(request: Request, accepted: tuple[str, ...], content_follows: bool) -> None:
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise _unsupported("Bodies must come without a `Content-Encoding`.", accepted)
    given = request.headers.get("content-type")
    if given is None:
        if content_follows:
            raise _unsupported("The request has no `Content-Type`.", accepted)
        return
    essence, *parameters = (part.strip().lower() for part in given.split(";"))
    is_json = essence.startswith("application/") and essence.endswith("+json")
    if essence == MERGE_PATCH and MERGE_PATCH not in accepted:
        is_json = False
    if essence == "application/json-patch+json":
        is_json = False
    if essence not in accepted and not is_json:
        raise _unsupported(f"The body must be `{'` or `'.join(accepted)}`; the request says `{essence}`.", accepted)
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "charset" and value.strip('"') != "utf-8":
            raise _unsupported("The charset of the body must be UTF-8.", accepted)


def _unsupported(detail: str, accepted: tuple[str, ...]) -> Problem:
    headers = {"Accept-Patch": MERGE_PATCH} if MERGE_PATCH in accepted else {}
    return Problem(415, "unsupported-media-type", detail, headers=headers)


def _reader(*accepted: str) -> Callable[[Request], Awaitable[JsonBody]]:
    async def read(request: Request) -> JsonBody:
        headers = request.headers
        content_follows = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        _media_type(request, accepted, content_follows)
        return JsonBody(await _collected(request))

    return read


JsonContent = Annotated[JsonBody, Depends(_reader(_JSON))]
PatchContent = Annotated[JsonBody, Depends(_reader(MERGE_PATCH, _JSON))]
