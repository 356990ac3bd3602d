"""Column types that hold the same values on PostgreSQL and on SQLite."""

import enum
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Enum, Integer, LargeBinary, Numeric, String, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import operators
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.core import crypto

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LARGEST = 2**63 - 1


def choice(values: type[enum.StrEnum]) -> Enum:
    """One of a few words, kept as text."""
    return Enum(
        values,
        native_enum=False,
        create_constraint=False,
        length=max(len(value) for value in values),
        values_callable=lambda members: [member.value for member in members],
    )


class Guid(TypeDecorator[UUID]):
    """`uuid`; text on SQLite."""

    impl = Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String(36) if dialect.name == "sqlite" else Uuid())

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        return str(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        return UUID(value) if isinstance(value, str) else value


class FixedPoint(TypeDecorator[Decimal]):
    """`numeric`; on SQLite, which knows no exact fractions, a whole number of the smallest unit."""

    impl = Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__(precision, scale)
        self.precision = precision
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kept = BigInteger() if dialect.name == "sqlite" else Numeric(self.precision, self.scale)
        return dialect.type_descriptor(kept)

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        # A factor has no unit.
        return Integer() if op is operators.mul and isinstance(value, int) else self

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return int(Decimal(value).scaleb(self.scale))

    def process_literal_param(self, value: Decimal | None, dialect: Dialect) -> str:
        return str(self.process_bind_param(value, dialect))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        units = Decimal(value) if dialect.name == "sqlite" else Decimal(value).scaleb(self.scale)
        return Decimal(_nearest(units)).scaleb(-self.scale)


class Whole(TypeDecorator[int]):
    """A whole number that was worked out: the nearest one of 64 bits."""

    impl = BigInteger
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        return None if value is None else _nearest(Decimal(value))


def _nearest(number: Decimal) -> int:
    return max(-_LARGEST, min(_LARGEST, int(number.to_integral_value())))


class Instant(TypeDecorator[datetime]):
    """`timestamptz(3)`; milliseconds since 1970 on SQLite."""

    impl = BigInteger
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True, precision=3))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return (value - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return _EPOCH + value * _MILLISECOND if isinstance(value, int) else value


class Encrypted(TypeDecorator[str]):
    """A text that is kept as ciphertext, bound to its column."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else crypto.seal(value.encode(), self.place)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else crypto.unseal(bytes(value), self.place).decode()
