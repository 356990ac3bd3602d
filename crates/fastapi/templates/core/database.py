"""Sessions: one state of the database for a read, one transaction for a write."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from app.core import constraints, problems
from app.core.config import settings

T = TypeVar("T")
_ATTEMPTS = 10
# serialization_failure, deadlock_detected
_CONFLICTS = {"40001", "40P01"}

engine = create_async_engine(settings.database_url)
is_sqlite = engine.dialect.name == "sqlite"

if is_sqlite:
    # The driver would begin transactions when it sees fit.
    @event.listens_for(engine.sync_engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    _reading = engine
    _writing = engine.execution_options(writes=True)
else:
    _reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    _writing = engine.execution_options(isolation_level="SERIALIZABLE")

Reading = async_sessionmaker(_reading, expire_on_commit=False)
Writing = async_sessionmaker(_writing, expire_on_commit=False, autoflush=False)


async def _read_session() -> AsyncIterator[AsyncSession]:
    async with Reading() as session:
        yield session


ReadSession = Annotated[AsyncSession, Depends(_read_session)]


async def write(work: Callable[[AsyncSession], Awaitable[T]], *, carries_input: bool = True) -> T:
    """Does the work in one transaction, again where another one came between."""
    for attempt in range(_ATTEMPTS):
        try:
            async with Writing() as session, session.begin():
                return await work(session)
        except DBAPIError as error:
            if not _is_conflict(error):
                problem = constraints.problem(error)
                if problem is None:
                    raise
                raise (problem if carries_input else problems.at_odds(problem)) from error
        await asyncio.sleep(random.uniform(0, 0.005 * 2**attempt))
    raise problems.busy()


def _is_conflict(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlstate", None)
    return code in _CONFLICTS or "database is locked" in str(error.orig)
