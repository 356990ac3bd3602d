"""Sessions, passwords and roles: who an account is, and the tokens that prove it."""

import asyncio
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import schemas
from app.auth.models import AuthSession, Credentials
from app.core import audit, passwords, problems, tokens
from app.core.bodies import JsonBody
from app.core.callers import GRANTED_BY, Caller, Role, holder
from app.core.clock import now
from app.core.database import Reading, write
from app.core.ids import new_id
from app.core.records import Record
from app.core.tokens import Subject
from app.{{ account.package }} import policies, records
from app.{{ account.package }}.models import {{ account.class }}
{%- if account.sign_up %}
from app.{{ account.package }}.service import make_{{ account.variable }}
{%- endif %}

log = structlog.get_logger()

# Wrong passwords that close no account; the next one closes it for half a minute, each further one for twice as long.
_FREE_FAILURES = 5
_FIRST_LOCK = timedelta(seconds=30)
_LONGEST_LOCK = timedelta(minutes=15)
# Longer than it takes to count a wrong password: who is not there is refused no faster.
_COUNTING = 0.03


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account as it sees itself, with new tokens."""

    account: Record
    access_token: str
    refresh_token: str

    @property
    def content(self) -> dict[str, Any]:
        return {
            "access_token": self.access_token,
            "token_type": problems.SCHEME,
            "expires_in": int(tokens.LIFETIME.total_seconds()),
            "refresh_token": self.refresh_token,
            "account": self.account.content,
        }


def _wrong_credentials() -> problems.Problem:
    detail = "There is no account with this name and password, or there were too many wrong ones: wait a few minutes."
    return problems.unauthorized(detail)


def _lock(failures: int) -> timedelta:
    """How long an account is closed after so many wrong passwords in a row."""
    if failures <= _FREE_FAILURES:
        return timedelta()
    doublings = min(failures - _FREE_FAILURES - 1, 16)
    return min(_FIRST_LOCK * (1 << doublings), _LONGEST_LOCK)


def _open_session(session: AsyncSession, account_id: {{ account.id_type }}, at: datetime) -> tuple[Subject, str]:
    session_id = new_id()
    refresh_token = tokens.issue_refresh(session_id)
    session.add(
        AuthSession(
            id=session_id,
            account_id=account_id,
            token_hash=tokens.digest(refresh_token),
            created_at=at,
            expires_at=at + tokens.REFRESH_LIFETIME,
        )
    )
    return Subject(account_id, session_id), refresh_token


async def _signed_in(session: AsyncSession, subject: Subject, granted: list[str], refresh_token: str) -> SignedIn:
    caller = holder(subject.account_id, subject.session_id, granted)
    account = await records.written(session, caller, {{ account.class }}.id == subject.account_id)
    return SignedIn(account, tokens.issue(subject, now()), refresh_token)

{% if account.sign_up %}
async def sign_up(caller: Caller, body: JsonBody) -> SignedIn:
    given = body.read(schemas.SignUp)
    password_hash = await passwords.hashed(given.password)
    granted: list[str] = [{% for role in sign_up_roles %}Role.{{ role }}.value{% if not loop.last %}, {% endif %}{% endfor %}]

    async def work(session: AsyncSession) -> SignedIn:
        account = await make_{{ account.variable }}(session, caller, given, "auth.sign-up")
        session.add(Credentials(account_id=account.id, password_hash=password_hash, roles=granted, failed_count=0))
        subject, refresh_token = _open_session(session, account.id, now())
        await session.flush()
        return await _signed_in(session, subject, granted, refresh_token)

    return await write(work)

{% endif %}
async def sign_in(body: JsonBody) -> SignedIn:
    given = body.read(schemas.SignIn)
    found = select(Credentials).join({{ account.class }}, {{ account.class }}.id == Credentials.account_id)
    found = found.where({{ account.class }}.{{ account.sign_in }} == given.{{ account.sign_in }}{{ account.normalised }}{{ account.active }})
    async with Reading() as session:
        credentials = await session.scalar(found)
    if not await _is_admitted(credentials, given.password) or credentials is None:
        raise _wrong_credentials()
    account_id, password_hash = credentials.account_id, credentials.password_hash

    async def work(session: AsyncSession) -> SignedIn:
        known = await session.get(Credentials, account_id)
        # It may have been changed, or closed, since it was compared.
        if known is None or known.password_hash != password_hash:
            raise _wrong_credentials()
        known.failed_count = 0
        known.locked_until = None
        subject, refresh_token = _open_session(session, account_id, now())
        await session.flush()
        return await _signed_in(session, subject, known.roles, refresh_token)

    return await write(work)


async def _is_admitted(credentials: Credentials | None, password: str) -> bool:
    """Whether the password is right and the account open. Everybody who is refused waits as long."""
    password_hash = None if credentials is None else credentials.password_hash
    until = None if credentials is None else credentials.locked_until
    is_right = await passwords.is_right(password, password_hash)
    if is_right and (until is None or until <= now()):
        return True
    waited = asyncio.create_task(asyncio.sleep(_COUNTING))
    if credentials is not None and not is_right:
        await _count_failure(credentials.account_id)
    await waited
    return False


async def _count_failure(account_id: {{ account.id_type }}) -> None:
    async def work(session: AsyncSession) -> None:
        credentials = await session.get(Credentials, account_id)
        if credentials is not None:
            credentials.failed_count += 1
            lock = _lock(credentials.failed_count)
            credentials.locked_until = now() + lock if lock else None

    await write(work)


async def refresh(body: JsonBody) -> SignedIn:
    """New tokens for a refresh token that works once. One that is used twice was copied: its session ends."""
    given = body.read(schemas.Refresh)
    refused = problems.unauthorized("The refresh token is not valid any more; sign in again.")
    session_id = tokens.session_of(given.refresh_token)
    if session_id is None:
        raise refused

    async def work(session: AsyncSession) -> SignedIn | None:
        known = await session.get(AuthSession, session_id)
        if known is None or known.revoked_at is not None or known.expires_at <= now():
            return None
        if not hmac.compare_digest(known.token_hash, tokens.digest(given.refresh_token)):
            log.warning("a refresh token was used twice; its session has ended", session_id=str(session_id))
            known.revoked_at = now()
            return None
        refresh_token = tokens.issue_refresh(session_id)
        known.token_hash = tokens.digest(refresh_token)
        granted = await session.scalar(select(Credentials.roles).where(Credentials.account_id == known.account_id))
        await session.flush()
        return await _signed_in(session, Subject(known.account_id, session_id), granted or [], refresh_token)

    signed_in = await write(work)
    if signed_in is None:
        raise refused
    return signed_in


async def sign_out(session: AsyncSession, caller: Caller) -> None:
    ended = update(AuthSession).where(AuthSession.id == caller.session_id)
    await session.execute(ended.values(revoked_at=now()))


async def change_password(caller: Caller, body: JsonBody) -> None:
    """Sets a new password, and ends the other sessions of the account."""
    given = body.read(schemas.PasswordChange)
    async with Reading() as session:
        credentials = await session.get(Credentials, caller.id)
    if credentials is None:
        raise problems.unauthorized()
    refused = problems.forbidden(
        "The current password is wrong, or there were too many wrong ones: wait a few minutes."
    )
    if not await _is_admitted(credentials, given.current_password):
        raise refused
    account_id, old_hash = credentials.account_id, credentials.password_hash
    new_hash = await passwords.hashed(given.new_password)

    async def work(session: AsyncSession) -> None:
        known = await session.get(Credentials, account_id)
        if known is None or known.password_hash != old_hash:
            raise refused
        known.password_hash = new_hash
        known.failed_count = 0
        known.locked_until = None
        others = update(AuthSession).where(AuthSession.account_id == account_id, AuthSession.id != caller.session_id)
        await session.execute(others.where(AuthSession.revoked_at.is_(None)).values(revoked_at=now()))
        audit.record(session, caller, "auth.password", "{{ account.entity }}", account_id, {"password": {"secret": True}})

    await write(work)
{% if set_roles %}

async def set_roles(session: AsyncSession, caller: Caller, address: {{ account.address_type }}, body: JsonBody) -> Record:
    """Replaces the roles of an account: each that is given or taken has to be in the gift of a role of the caller's."""
    own = {{ account.class }}.{{ account.address }} == address
    account = await records.writable(session, caller, own, policies.may_set_roles(caller))
    wanted = set(body.read(schemas.Roles).roles)
    credentials = await session.get(Credentials, account.id)
    if credentials is None:
        raise problems.not_found()
    before = credentials.roles
    for role in Role:
        if (role in wanted) != (role.value in before) and not GRANTED_BY[role] & caller.roles:
            raise _not_granted(role, is_given=role in wanted)
    credentials.roles = [role.value for role in Role if role in wanted]
    records.touch(account)
    made = {"roles": {"from": before, "to": credentials.roles}}
    audit.record(session, caller, "{{ set_roles.operation }}", "{{ account.entity }}", account.id, made)
    await session.flush()
    return await records.written(session, caller, {{ account.class }}.id == account.id)


def _not_granted(role: Role, *, is_given: bool) -> problems.Problem:
    if is_given:
        return problems.forbidden(f"You may not give the role {role}.", "roles")
    detail = (
        f"You may not take the role {role}: the account has it, and the roles of a request replace all that it has. "
        "Name it to leave it."
    )
    return problems.forbidden(detail, "roles")
{% endif %}
