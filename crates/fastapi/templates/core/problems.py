"""Refusals as problem details (RFC 9457): the one place where failures become replies."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException

log = structlog.get_logger()

TITLES = {
{%- for title in titles %}
    {{ title.status }}: "{{ title.text }}",
{%- endfor %}
}
MOST_FAULTS = {{ limits.faults }}
SCHEME = "{{ scheme }}"
REALM = "{{ name }}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One bad value: its JSON Pointer in the body, or the name of its parameter."""

    place: str
    code: str
    detail: str

    def content(self) -> dict[str, str]:
        is_pointer = self.place == "" or self.place.startswith("/")
        key = "pointer" if is_pointer else "parameter"
        return {key: self.place, "code": self.code, "detail": self.detail}


class Problem(Exception):
    """Ends a request with this reply."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        faults: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.faults = list(faults)
        self.headers = dict(headers or {})

    def response(self, request: Request) -> Response:
        content: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "title": TITLES.get(self.status, "The request is refused"),
            "status": self.status,
            "detail": self.detail,
            "instance": request.state.request_id,
            "code": self.code,
        }
        if self.faults:
            content["errors"] = [fault.content() for fault in self.faults[:MOST_FAULTS]]
        headers = {"Cache-Control": "no-store"} | self.headers
        if self.status == 401:
            headers.setdefault("WWW-Authenticate", f'{SCHEME} realm="{REALM}"')
        return Response(orjson.dumps(content), self.status, headers, "application/problem+json")


def _summary(faults: list[Fault], otherwise: str) -> str:
    match faults:
        case []:
            return otherwise
        case [Fault(place="", detail=detail)]:
            return detail
        case [Fault(place=place, detail=detail)]:
            return f"{place.removeprefix('/')}: {detail}"
        case _:
            return f"{len(faults)} values are not what they should be."


def bad_request(*faults: Fault) -> Problem:
    summary = _summary(list(faults), "The request can't be understood.")
    return Problem(400, "bad-request", summary, faults)


def unreadable(detail: str) -> Problem:
    return Problem(400, "bad-request", detail)


def unauthorized(detail: str = "Sign in to do this.") -> Problem:
    return Problem(401, "unauthorized", detail)


def invalid_token() -> Problem:
    detail = "The access token is not valid; refresh it, or sign in again."
    challenge = f'{SCHEME} error="invalid_token"'
    return Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": challenge})


def forbidden(detail: str = "You are not allowed to do this.", *names: str) -> Problem:
    said = "It may not be set by this caller."
    return Problem(403, "forbidden", detail, [Fault(f"/{name}", "forbidden", said) for name in names])


def not_found(detail: str = "There is no such row.") -> Problem:
    return Problem(404, "not-found", detail)


def conflict(code: str, detail: str, *pointers: str) -> Problem:
    return Problem(409, code, detail, [Fault(pointer, code, detail) for pointer in pointers])


def illegal_move(name: str, starts: str, state: str) -> Problem:
    return conflict("illegal-move", f"`{name}` starts from {starts}, and the row is {state}.")


def condition_unmet() -> Problem:
    return conflict("condition-unmet", "The condition of this move does not hold on the row.")


def in_use(what: str) -> Problem:
    return conflict("in-use", f"There are {what} that refer to it.")


def at_odds(problem: Problem) -> Problem:
    """Where there is no body to be mended, a write that breaks a rule is at odds with what is stored."""
    if problem.code != "invalid":
        return problem
    return conflict("check", problem.faults[0].detail if problem.faults else problem.detail)


def precondition_failed() -> Problem:
    detail = "`If-Match` names another version than the row has now."
    return Problem(412, "precondition-failed", detail)


def invalid(*faults: Fault) -> Problem:
    summary = _summary(list(faults), "The body is not what it should be.")
    return Problem(422, "invalid", summary, faults)


def busy() -> Problem:
    detail = "The database is busy; try again soon."
    return Problem(503, "unavailable", detail, headers={"Retry-After": "1"})


# ---- what Pydantic finds --------------------------------------------------------------------------------------------

_CODES = {
    "missing": "required",
    "extra_forbidden": "unknown",
    "string_too_short": "too-short",
    "string_too_long": "too-long",
    "string_pattern_mismatch": "pattern",
    "greater_than_equal": "too-small",
    "less_than_equal": "too-large",
    "too_long": "too-many",
    "enum": "one-of",
    "literal_error": "one-of",
}
_DETAILS = {
    "required": "It is required.",
    "unknown": "There is no such key here.",
    "read-only": "It can't be set by this request.",
    "blank": "It must not be empty.",
}


def pointer(location: Iterable[int | str]) -> str:
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in location)
    return "".join(f"/{part}" for part in parts)


def _code(error: ErrorDetails) -> str:
    kind, given = error["type"], error["input"]
    code = _CODES.get(kind, kind if "-" in kind or kind in OWN_CODES else "type")
    if code == "one-of" and not isinstance(given, str):
        return "type"
    if given == "" and code in ("too-short", "format", "one-of"):
        return "blank"
    return code


# Codes that validators of this project raise, beside those with a hyphen.
OWN_CODES = {"format", "duplicate", "type", "unknown"}


def body_faults(error: ValidationError, read_only: frozenset[str]) -> list[Fault]:
    """Every fault of a body; keys that a reply has and a request may not set are told from unknown ones."""
    faults = []
    for one in error.errors(include_url=False, include_context=False):
        code = _code(one)
        path = ".".join(str(part) for part in one["loc"] if isinstance(part, str))
        if code == "unknown" and path in read_only:
            code = "read-only"
        detail = _DETAILS.get(code) or f"{one['msg']}."
        faults.append(Fault(pointer(one["loc"]), code, detail.replace("..", ".")))
    return faults


def query_faults(error: ValidationError) -> list[Fault]:
    """Every fault of a query; `price.lt` is the filter `lt` of `price`."""
    faults = []
    for one in error.errors(include_url=False, include_context=False):
        names = [part for part in one["loc"] if isinstance(part, str) and part != "eq"]
        faults.append(Fault(".".join(names), _code(one), f"{one['msg']}."))
    return faults


# ---- handlers -------------------------------------------------------------------------------------------------------


def _methods(request: Request) -> str:
    """The methods that the path knows."""
    routes = [route for router in request.app.state.routers for route in router.routes]
    known = [route.methods for route in routes if route.path_regex.match(request.url.path)]
    return ", ".join(sorted(set().union(*known)))


def _of_framework(request: Request, error: HTTPException) -> Response:
    if error.status_code == 405 and request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": _methods(request)})
    match error.status_code:
        case 404:
            return not_found("Nothing is served under this path.").response(request)
        case 405:
            detail = "The path does not know this method; `Allow` lists those that it knows."
            headers = {"Allow": _methods(request)}
            return Problem(405, "method-not-allowed", detail, headers=headers).response(request)
        case status:
            return Problem(status, "bad-request", str(error.detail)).response(request)


def _of_path(request: Request, error: RequestValidationError) -> Response:
    faults = [Fault(str(one["loc"][-1]), "format", f"{one['msg']}.") for one in error.errors()]
    return bad_request(*faults).response(request)


def unexpected(request: Request, error: Exception) -> Response:
    """What failed is said in the log, and nobody else is told."""
    log.error("request failed", request_id=request.state.request_id, exc_info=error)
    detail = "The server failed; the request id finds the reason in its log."
    return Problem(500, "internal", detail).response(request)


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    app.state.routers = routers

    @app.exception_handler(Problem)
    async def refused(request: Request, error: Problem) -> Response:
        return error.response(request)

    @app.exception_handler(HTTPException)
    async def of_framework(request: Request, error: HTTPException) -> Response:
        return _of_framework(request, error)

    @app.exception_handler(RequestValidationError)
    async def of_path(request: Request, error: RequestValidationError) -> Response:
        return _of_path(request, error)
