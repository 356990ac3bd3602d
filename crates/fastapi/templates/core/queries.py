"""Query strings: parameters, filters, and what shapes a reply."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any, ClassVar, Generic, TypeVar
from urllib.parse import unquote_to_bytes

from fastapi import Depends, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from sqlalchemy import ColumnElement

from app.core import problems
from app.core.problems import Fault
from app.core.sql import Expression

MOST_PARAMETERS = 200
MOST_VALUES = {{ limits.values }}
V = TypeVar("V")


def _decoded(text: str) -> str:
    pieces = text.replace("+", " ").split("%")
    for piece in pieces[1:]:
        int(piece[:2] if len(piece) >= 2 else "", 16)
    return unquote_to_bytes("%".join(pieces)).decode()


def parameters(request: Request) -> list[tuple[str, str]]:
    """Names and values in order; what is no percent-encoded UTF-8 is refused."""
    pairs = [pair for pair in request.url.query.split("&") if pair]
    if len(pairs) > MOST_PARAMETERS:
        raise problems.unreadable(f"The query may have at most {MOST_PARAMETERS} parameters.")
    found = []
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            found.append((_decoded(name), _decoded(value)))
        except ValueError as error:
            raise problems.unreadable("The query is not percent-encoded UTF-8.") from error
    return found


# ---- filters --------------------------------------------------------------------------------------------------------


def _listed(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) else value


Listed = Annotated[list[V], BeforeValidator(_listed), Field(max_length=MOST_VALUES)]


def _same(value: Any) -> Any:
    return value


class Filter(BaseModel, Generic[V]):
    """Conditions on one field: `?price=5`, `?price.lt=20`. They hold together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    eq: V | None = None

    def on(self, column: Expression, key: Callable[[Any], Any] = _same) -> Iterator[ColumnElement[bool]]:
        """`key` makes of a value what the column holds."""
        if self.eq is not None:
            yield column == key(self.eq)


class Reference(Filter[V]):
    in_: Listed[V] | None = Field(default=None, alias="in")

    def on(self, column: Expression, key: Callable[[Any], Any] = _same) -> Iterator[ColumnElement[bool]]:
        yield from super().on(column, key)
        if self.in_ is not None:
            yield column.in_([key(value) for value in self.in_])


class Matching(Reference[V]):
    ne: V | None = None

    def on(self, column: Expression, key: Callable[[Any], Any] = _same) -> Iterator[ColumnElement[bool]]:
        yield from super().on(column, key)
        if self.ne is not None:
            yield column.is_distinct_from(key(self.ne))


class Ordered(Matching[V]):
    lt: V | None = None
    lte: V | None = None
    gt: V | None = None
    gte: V | None = None

    def on(self, column: Expression, key: Callable[[Any], Any] = _same) -> Iterator[ColumnElement[bool]]:
        yield from super().on(column, key)
        if self.lt is not None:
            yield column < key(self.lt)
        if self.lte is not None:
            yield column <= key(self.lte)
        if self.gt is not None:
            yield column > key(self.gt)
        if self.gte is not None:
            yield column >= key(self.gte)


class _Missing(BaseModel):
    null: bool | None = None

    def missing(self, column: Expression) -> Iterator[ColumnElement[bool]]:
        if self.null is not None:
            yield column.is_(None) if self.null else column.is_not(None)


class OptionalFilter(Filter[V], _Missing):
    """Of a field that may be without a value: `?paid.null=true`, too."""

    def on(self, column: Expression, key: Callable[[Any], Any] = _same) -> Iterator[ColumnElement[bool]]:
        yield from super().on(column, key)
        yield from self.missing(column)


class OptionalReference(Reference[V], _Missing):
    """Of a field that may be without a value: `?category.null=true`, too."""

    def on(self, column: Expression, key: Callable[[Any], Any] = _same) -> Iterator[ColumnElement[bool]]:
        yield from super().on(column, key)
        yield from self.missing(column)


class OptionalMatching(Matching[V], _Missing):
    """Of a field that may be without a value: `?language.null=true`, too."""

    def on(self, column: Expression, key: Callable[[Any], Any] = _same) -> Iterator[ColumnElement[bool]]:
        yield from super().on(column, key)
        yield from self.missing(column)


class OptionalOrdered(Ordered[V], _Missing):
    """Of a field that may be without a value: `?paid_at.null=true`, too."""

    def on(self, column: Expression, key: Callable[[Any], Any] = _same) -> Iterator[ColumnElement[bool]]:
        yield from super().on(column, key)
        yield from self.missing(column)


def unfiltered() -> Any:
    """The default of a filter that may be left out."""
    return Field(default_factory=dict, validate_default=True)


# ---- queries --------------------------------------------------------------------------------------------------------


def _names(value: Any) -> Any:
    names = [name.strip() for name in value.split(",")] if isinstance(value, str) else value
    return [name for name in names if name]


Names = Annotated[list[V], BeforeValidator(_names)]


class Query(BaseModel):
    """The parameters of a request; unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    filters: ClassVar[frozenset[str]] = frozenset()


class NoQuery(Query):
    """Of an operation that takes no parameters."""


class ListQuery(Query):
    limit: int = Field(default={{ limits.page_default }}, ge=1, le={{ limits.page_max }})
    cursor: str | None = None


Q = TypeVar("Q", bound=Query)


def parsed(model: type[Q]) -> Callable[[Request], Q]:
    """A dependency that reads the parameters of a request."""

    def read(request: Request) -> Q:
        given: dict[str, Any] = {}
        faults = []
        seen = set()
        for name, value in parameters(request):
            if name in seen:
                faults.append(Fault(name, "duplicate", f"The parameter {name!r} is given twice."))
                continue
            seen.add(name)
            field, _, operator = name.partition(".")
            if field in model.filters and operator != "eq":
                given.setdefault(field, {})[operator or "eq"] = value
            else:
                given[name] = value
        if not faults:
            try:
                return model.model_validate(given)
            except ValidationError as error:
                faults = problems.query_faults(error)
        raise problems.bad_request(*faults)

    return read


# Of an operation that takes no parameters.
Plain = Annotated[NoQuery, Depends(parsed(NoQuery))]
