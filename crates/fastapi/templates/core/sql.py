"""What SQL has in two spellings."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Integer, Numeric, SQLColumnExpression, literal, select, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

# A column, or anything that is worked out of columns.
Expression = SQLColumnExpression[Any]


class worded(ColumnElement[bool]):  # noqa: N801
    """The condition of a constraint in the words of each database."""

    inherit_cache = False

    def __init__(self, *, postgresql: str, sqlite: str) -> None:
        self.postgresql = postgresql
        self.sqlite = sqlite


@compiles(worded)
def _worded(element: worded, compiler: SQLCompiler, **_: Any) -> str:
    return element.sqlite if compiler.dialect.name == "sqlite" else element.postgresql


class _Rescaled(GenericFunction[Any]):
    type = Numeric()
    inherit_cache = True
    name = "rescaled"


class _Average(GenericFunction[Any]):
    type = Numeric()
    inherit_cache = True
    name = "average"


def rescaled(value: Expression, before: int, after: int) -> ColumnElement[Any]:
    """A number with other digits after the point; half is rounded away from zero."""
    return _Rescaled(value, literal(after, Integer), literal(_factor(before, after), Integer))


def average(value: Expression, scale: int) -> ColumnElement[Any]:
    """The mean of values of this scale; half is rounded away from zero."""
    return _Average(value, literal(scale, Integer))


def _factor(before: int, after: int) -> int:
    """What the smallest unit is multiplied by; below zero, what it is divided by."""
    power = int(10 ** abs(after - before))
    return power if after >= before else -power


def _parts(element: Any, compiler: SQLCompiler, options: dict[str, Any]) -> tuple[str, list[int]]:
    value, *numbers = element.clauses
    return compiler.process(value, **options), [number.value for number in numbers]


@compiles(_Rescaled)
def _rescaled(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    text, (after, factor) = _parts(element, compiler, options)
    if compiler.dialect.name != "sqlite":
        return f"round({text}, {after})"
    if factor >= 0:
        return f"(({text}) * {factor})"
    half = -factor // 2
    return f"((({text}) + CASE WHEN ({text}) < 0 THEN -{half} ELSE {half} END) / {-factor})"


@compiles(_Average)
def _average(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    text, (scale,) = _parts(element, compiler, options)
    if compiler.dialect.name != "sqlite":
        return f"round(avg({text}), {scale})"
    total, count = f"sum({text})", f"count({text})"
    return f"((2 * {total} + CASE WHEN {total} < 0 THEN -{count} ELSE {count} END) / (2 * {count}))"


def natural_key(key: InstrumentedAttribute[Any], id_: Expression) -> ColumnElement[Any]:
    """What requests name a row by, from its id."""
    row = aliased(key.class_)
    return select(getattr(row, key.key)).where(row.id == id_).correlate_except(row).scalar_subquery()


def id_by(key: InstrumentedAttribute[Any]) -> Callable[[Any], ColumnElement[Any]]:
    """The id of a row, from what requests name it by; a deleted row has none."""
    row = aliased(key.class_)
    mark = getattr(row, "deleted_at", None)
    active = true() if mark is None else mark.is_(None)

    def found(value: Any) -> ColumnElement[Any]:
        return select(row.id).where(getattr(row, key.key) == value, active).scalar_subquery()

    return found
