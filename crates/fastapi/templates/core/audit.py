"""Who wrote what: an entry for each write, in its transaction, without what is secret."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import context
from app.core.callers import Caller
from app.core.clock import now
from app.core.columns import Encrypted
from app.core.ids import new_id
from app.core.models import AuditEntry, Base

Changes = dict[str, Any]
_STAMPS = {"id", "created_at", "updated_at", "deleted_at", "version", "position"}


def _plain(value: Any) -> Any:
    match value:
        case StrEnum():
            return value.value
        case UUID() | Decimal():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case _:
            return value


def changes(row: Base) -> Changes:
    """What a flush will write of a row: each new value, with the one before where there was one."""
    state = inspect(row)
    found: Changes = {}
    for attribute in state.mapper.column_attrs:
        history = state.attrs[attribute.key].history
        if attribute.key in _STAMPS or not history.has_changes():
            continue
        before, after = list(history.deleted), list(history.added)
        if isinstance(attribute.columns[0].type, Encrypted):
            found[attribute.key] = {"secret": True}
        elif before:
            found[attribute.key] = {"from": _plain(before[0]), "to": _plain(after[0])}
        elif after[0] is not None:
            found[attribute.key] = {"to": _plain(after[0])}
    return found


def part(row: Base) -> Changes:
    """The same of a part, which is written with its whole."""
    (id_,) = inspect(row).mapper.primary_key_from_instance(row)
    return {"id": str(id_)} | changes(row)


def record(
    session: AsyncSession,
    caller: Caller,
    operation: str,
    entity: str,
    row_id: UUID | int,
    made: Changes,
) -> None:
    session.add(
        AuditEntry(
            id=new_id(),
            at=now(),
            account_id=None if caller.id is None else str(caller.id),
            operation=operation,
            entity=entity,
            row_id=str(row_id),
            changes=made,
            request_id=context.request_id.get(),
        )
    )


DELETED: Changes = {"deleted": True}
