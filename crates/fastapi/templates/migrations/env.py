"""Runs migrations with the application's own engine."""

import asyncio
import re
from importlib import import_module

from alembic import context
from sqlalchemy.engine import Connection

from app.core.database import engine
from app.core.models import Base

# Each tells the metadata of its tables.
for module in (
{%- for module in model_modules %}
    "{{ module }}",
{%- endfor %}
):
    import_module(module)


# What the first migration makes for searching, each database in its own way; no model knows of it.
_SEARCH = re.compile(r"search_words|\w+_search(_\w+)?")


def _is_modelled(_object: object, name: str | None, _type: str, reflected: bool, _compared: object) -> bool:
    return not (reflected and name is not None and _SEARCH.fullmatch(name))


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        include_object=_is_modelled,
    )
    with context.begin_transaction():
        context.run_migrations()


async def _online() -> None:
    async with engine.begin() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


if context.is_offline_mode():
    context.configure(dialect_name=engine.dialect.name, target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(_online())
