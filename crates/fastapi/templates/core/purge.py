"""Forgets what has expired: kept replies, and sessions that can't be refreshed any more."""

import asyncio

import structlog
from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.models import AuthSession
from app.core.clock import now
from app.core.database import write
from app.core.models import IdempotencyRecord

log = structlog.get_logger()
_EVERY_SECONDS = 600


async def _expired(session: AsyncSession) -> None:
    at = now()
    await session.execute(delete(IdempotencyRecord).where(IdempotencyRecord.expires_at <= at))
    await session.execute(delete(AuthSession).where(AuthSession.expires_at <= at))


async def forever() -> None:
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        try:
            await write(_expired)
        except SQLAlchemyError as error:
            log.warning("what has expired could not be deleted", exc_info=error)
