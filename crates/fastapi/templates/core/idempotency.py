"""Replies kept under the key that a client chose, so that a repeated request has its effect once.

Kept in the transaction of the effect, for a day. A request that fails has no effect, so nothing is kept, and its
repetition is judged anew. Bodies are sealed: they show what is sensitive.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import crypto, problems
from app.core.bodies import JsonBody
from app.core.callers import Caller
from app.core.clock import now
from app.core.models import IdempotencyRecord
from app.core.problems import Fault, Problem

_KEPT = timedelta(days=1)
_KEY = re.compile(r"[\x21-\x7e]{1,{{ limits.key }}{{ "}" }}")
_HEADERS = ("location", "etag")

Work = Callable[[AsyncSession], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Key:
    text: str
    head: bytes

    def fingerprint(self, body: JsonBody) -> bytes:
        """Tells one request from another that comes with the same key."""
        return hashlib.sha256(self.head + body.content).digest()


def _key(request: Request) -> Key | None:
    values = request.headers.getlist("idempotency-key")
    if not values:
        return None
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        detail = "It must have 1 to {{ limits.key }} visible ASCII characters, without spaces."
        raise problems.bad_request(Fault("Idempotency-Key", "format", detail))
    head = "\0".join((request.method, request.url.path, request.url.query, ""))
    return Key(values[0], head.encode())


IdempotencyKey = Annotated[Key | None, Depends(_key)]


def once(key: Key | None, caller: Caller, body: JsonBody, work: Work) -> Work:
    """The work, or the reply that it gave to the first request with the key."""
    if key is None:
        return work
    identity = (key.text, str(caller.id or ""))
    place = "idempotency_keys.body." + ".".join(identity)

    async def replayed(session: AsyncSession) -> Response:
        at = now()
        kept = await session.get(IdempotencyRecord, identity)
        if kept is not None and kept.expires_at > at:
            if kept.fingerprint != key.fingerprint(body):
                raise Problem(422, "key-reused", "The idempotency key was used for another request.")
            content = crypto.unseal(kept.body, place) if kept.body is not None else b""
            headers = kept.headers | {"Idempotency-Replayed": "true", "Cache-Control": "no-store"}
            return Response(content, kept.status, headers, "application/json")
        if kept is not None:
            await session.delete(kept)
            await session.flush()
        response = await work(session)
        session.add(
            IdempotencyRecord(
                key=identity[0],
                caller=identity[1],
                fingerprint=key.fingerprint(body),
                status=response.status_code,
                headers={name: response.headers[name] for name in _HEADERS if name in response.headers},
                body=crypto.seal(bytes(response.body), place) if response.body else None,
                created_at=at,
                expires_at=at + _KEPT,
            )
        )
        return response

    return replayed
