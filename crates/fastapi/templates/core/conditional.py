"""Entity tags: `ETag`, `If-Match` and `If-None-Match` (RFC 9110)."""

import re
from typing import Annotated

from fastapi import Depends, Request

from app.core import problems
from app.core.problems import Fault

_TAG = re.compile(r'(W/)?"([^"]*)"')
# No row has it.
_NO_VERSION = -1


def etag(version: int) -> str:
    return f'"{version}"'


def _tags(values: list[str]) -> list[tuple[bool, str]] | None:
    """Each tag, and whether it is weak; nothing for `*`."""
    if any(value.strip() == "*" for value in values):
        return None
    tags = []
    for value in values:
        for text in value.split(","):
            match = _TAG.fullmatch(text.strip())
            if match is None:
                raise ValueError("It must be an entity tag in double quotes, as an `ETag` gave it.")
            tags.append((match[1] is not None, match[2]))
    return tags


def _if_match(request: Request) -> int | None:
    """The version that is asked for, if it may not be any. A tag that no version has is one of none."""
    values = request.headers.getlist("if-match")
    if not values:
        return None
    try:
        tags = _tags(values)
    except ValueError as error:
        raise problems.bad_request(Fault("If-Match", "format", str(error))) from error
    if tags is None:
        return None
    versions = {int(tag) for weak, tag in tags if not weak and tag.isascii() and tag.isdecimal()}
    if len(versions) > 1:
        raise problems.bad_request(Fault("If-Match", "format", "It may name one version only."))
    return versions.pop() if versions else _NO_VERSION


IfMatch = Annotated[int | None, Depends(_if_match)]


def require(version: int, if_match: int | None) -> None:
    """Refuses a write of another version than the one that the client knows."""
    if if_match is not None and if_match != version:
        raise problems.precondition_failed()


def is_known(request: Request, version: int) -> bool:
    """Whether `If-None-Match` names the version: the client has what would be sent."""
    try:
        tags = _tags(request.headers.getlist("if-none-match"))
    except ValueError:
        return False
    return tags is None or any(tag == str(version) for _, tag in tags)
