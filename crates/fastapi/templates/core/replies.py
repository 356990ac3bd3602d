"""Replies: JSON as the API writes it, and the headers that go with it."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote
from uuid import UUID

import orjson
from fastapi import Request, Response

from app.core.callers import NOBODY
from app.core.conditional import etag

Row = dict[str, Any]


def _value(value: Any) -> Any:
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case UUID():
            # The driver's own kind.
            return str(value)
        case _:
            raise TypeError(f"{type(value)} in a reply")


def encoded(content: Any) -> bytes:
    return orjson.dumps(content, _value, orjson.OPT_PASSTHROUGH_DATETIME)


def json_reply(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A reply to a write: nobody keeps it."""
    own = {"Cache-Control": "no-store", "Vary": "Authorization"} | dict(headers or {})
    return Response(encoded(content), status, own, "application/json")


def read_reply(request: Request, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    """What an account sees is nobody else's; what anyone may see can be kept, and has to be asked for again."""
    caller = getattr(request.state, "caller", NOBODY)
    cache = "private, no-store" if caller.signed_in else "no-cache"
    return json_reply(content, 200, {"Cache-Control": cache} | dict(headers or {}))


def nothing() -> Response:
    return Response(status_code=204, headers={"Cache-Control": "no-store", "Vary": "Authorization"})


def versioned(version: int | None) -> dict[str, str]:
    return {} if version is None else {"ETag": etag(version)}


def not_modified(response: Response) -> Response:
    headers = {name: value for name, value in response.headers.items() if not name.startswith("content-")}
    return Response(status_code=304, headers=headers)


def segment(address: Any) -> str:
    """A part of a path."""
    return quote(str(address), safe="-._~")


def quoted(pairs: Iterable[tuple[str, str]]) -> str:
    """A query string."""
    return "&".join(f"{quote(name, safe='-._~,')}={quote(value, safe='-._~,')}" for name, value in pairs)
