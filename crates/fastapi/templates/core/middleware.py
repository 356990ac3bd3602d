"""What goes into every reply, and the line that each request leaves in the log."""

import re
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import context, problems
from app.core.config import settings
from app.core.ids import new_id

log = structlog.get_logger()
_REQUEST_ID = re.compile(r"[\x21-\x7e]{1,128}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
if settings.environment == "production":
    _HEADERS["Strict-Transport-Security"] = "max-age=63072000"


class Exchange:
    """Gives a request its id, and writes what all replies have."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope)
        request_id = given.get("x-request-id", "")
        request_id = request_id if _REQUEST_ID.fullmatch(request_id) else str(new_id())
        own: dict[str, str] = {"X-Request-Id": request_id}
        traceparent = given.get("traceparent", "")
        if _TRACEPARENT.fullmatch(traceparent):
            own["traceparent"] = traceparent
        context.request_id.set(request_id)
        state = scope.setdefault("state", {})
        state |= {"request_id": request_id, "headers": own}
        began = time.perf_counter()
        status = 500

        async def reply(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in (_HEADERS | own).items():
                    headers.setdefault(name, value)
                if headers.get("content-type", "").startswith("text/html"):
                    # The page of the documents in development brings its scripts from elsewhere.
                    del headers["content-security-policy"]
            await send(message)

        try:
            await self.app(scope, receive, reply)
        except Exception as error:
            await problems.unexpected(Request(scope), error)(scope, receive, reply)
        finally:
            route = scope.get("route")
            caller = state.get("caller")
            log.info(
                "request",
                method=scope["method"],
                path=getattr(route, "path", None),
                operation=getattr(route, "name", None),
                status=status,
                milliseconds=round((time.perf_counter() - began) * 1000, 1),
                request_id=request_id,
                account_id=str(caller.id) if caller and caller.id else None,
                traceparent=own.get("traceparent"),
            )
