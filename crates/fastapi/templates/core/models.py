"""The base of all tables, and those that no feature owns."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Index, LargeBinary, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.core.columns import Guid, Instant

Json = JSON().with_variant(JSONB(), "postgresql")


class Base(DeclarativeBase):
    metadata = MetaData()


class IdempotencyRecord(Base):
    """The reply to a request that came with a key, so that its repetition gets the same one."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index("index_idempotency_keys_expires_at", "expires_at"),)

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    caller: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int]
    headers: Mapped[dict[str, str]] = mapped_column(Json)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class AuditEntry(Base):
    """Who wrote what."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("index_audit_entries_entity_row_id", "entity", "row_id"),)

    id: Mapped[UUID] = mapped_column(Guid, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    account_id: Mapped[str | None] = mapped_column(Text)
    operation: Mapped[str] = mapped_column(Text)
    entity: Mapped[str] = mapped_column(Text)
    row_id: Mapped[str] = mapped_column(Text)
    changes: Mapped[dict[str, Any]] = mapped_column(Json)
    request_id: Mapped[str] = mapped_column(Text)
