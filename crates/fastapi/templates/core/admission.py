"""Who may call an operation at all: judged, and counted, before anything else of a request is looked at."""

from typing import Any

from fastapi import Request
from sqlalchemy import select

from app.auth.models import AuthSession, Credentials
from app.core import limits, problems, tokens
from app.core.callers import NOBODY, Caller, Role, holder
from app.core.clock import now
from app.core.database import Reading

SIGNED_IN = "signed in"


async def _caller(request: Request) -> Caller:
    values = request.headers.getlist("authorization")
    if not values:
        return NOBODY
    scheme, _, token = values[0].partition(" ")
    subject = tokens.verify(token.strip()) if scheme.lower() in {{ schemes }} else None
    if len(values) > 1 or subject is None:
        raise problems.invalid_token()
    statement = (
        select(AuthSession.account_id, Credentials.roles)
        .join(Credentials, Credentials.account_id == AuthSession.account_id)
        .where(
            AuthSession.id == subject.session_id,
            AuthSession.revoked_at.is_(None),
            AuthSession.expires_at > now(),
        )
    )
    async with Reading() as session:
        found = (await session.execute(statement)).one_or_none()
    if found is None or found.account_id != subject.account_id:
        raise problems.invalid_token()
    return holder(subject.account_id, subject.session_id, found.roles)


def _accepts_json(request: Request) -> bool:
    offers = [offer.strip().lower() for value in request.headers.getlist("accept") for offer in value.split(",")]
    offers = [offer for offer in offers if "/" in offer]
    if not offers:
        return True
    refused = False
    for offer in offers:
        essence, *parameters = (part.strip() for part in offer.split(";"))
        is_json = essence in ("*/*", "application/*", "application/json") or (
            essence.startswith("application/") and essence.endswith("+json")
        )
        weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        is_zero = weight.strip("0.") == ""
        if essence == "application/json" and is_zero:
            return False
        refused = refused or (is_json and not is_zero)
    return refused


class Admission:
    """A dependency: the caller, if they are one of those that may call the operation."""

    def __init__(self, rate: str, *allowed: Role | str, by_address: bool = False) -> None:
        self.rate = rate
        self.allowed = allowed
        self.by_address = by_address

    async def __call__(self, request: Request) -> Caller:
        if not _accepts_json(request):
            detail = "The reply is `application/json`, and `Accept` leaves it out."
            raise problems.Problem(406, "not-acceptable", detail)
        problem: problems.Problem | None = None
        caller = NOBODY
        try:
            caller = await _caller(request)
        except problems.Problem as error:
            problem = error
        key: Any = caller.id
        if self.by_address or key is None:
            key = limits.address(request)
        limits.take(request, self.rate, key)
        if problem is not None:
            raise problem
        request.state.caller = caller
        if self.allowed and not self._admits(caller):
            raise problems.forbidden() if caller.signed_in else problems.unauthorized()
        return caller

    def _admits(self, caller: Caller) -> bool:
        return caller.signed_in and (SIGNED_IN in self.allowed or any(role in caller.roles for role in self.allowed))


class Anonymous:
    """A dependency of operations that look at no token: signing in and up."""

    def __init__(self, rate: str) -> None:
        self.rate = rate

    def __call__(self, request: Request) -> Caller:
        limits.take(request, self.rate, limits.address(request))
        return NOBODY
