"""Rows that a caller wants to write: there, known to the caller, and theirs to write."""

from typing import TypeVar

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import problems
from app.core.callers import Caller

T = TypeVar("T")


def refusal(caller: Caller) -> problems.Problem:
    """No rule lets the caller do it: signing in may help, or nothing does."""
    return problems.forbidden() if caller.signed_in else problems.unauthorized()


async def writable(session: AsyncSession, caller: Caller, found: Select[T, bool, bool]) -> T:
    """The row of a query for it, whether the caller may write it, and whether they may read it."""
    row = (await session.execute(found)).one_or_none()
    if row is None:
        raise problems.not_found()
    entity, may_write, may_read = row
    if not may_write:
        raise refusal(caller) if may_read else problems.not_found()
    return entity
