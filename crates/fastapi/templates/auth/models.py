"""What accounts sign in with, and their sessions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.columns import Guid, Instant
from app.core.models import Base, Json


class Credentials(Base):
    """The password hash of an account, and the roles that it was granted."""

    __tablename__ = "auth_credentials"

    account_id: Mapped[UUID] = mapped_column(
        Guid,
        ForeignKey("{{ account.table }}.id", name="foreign_auth_credentials_account_id", ondelete="CASCADE"),
        primary_key=True,
    )
    password_hash: Mapped[str] = mapped_column(Text)
    roles: Mapped[list[str]] = mapped_column(Json)
    failed_count: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(Instant)


class AuthSession(Base):
    """From a sign-in to its end, however often its tokens were refreshed."""

    __tablename__ = "auth_sessions"
    __table_args__ = (
        Index("index_auth_sessions_account_id", "account_id"),
        Index("index_auth_sessions_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(Guid, primary_key=True)
    account_id: Mapped[UUID] = mapped_column(
        Guid, ForeignKey("{{ account.table }}.id", name="foreign_auth_sessions_account_id", ondelete="CASCADE")
    )
    # Of the current refresh token.
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
