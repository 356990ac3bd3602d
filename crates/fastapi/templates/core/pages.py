"""Keyset paging: a page goes on behind the last row of the one before, whatever was written meanwhile."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy import ColumnElement, Select, and_, literal, or_, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from app.core import problems
from app.core.problems import Fault
from app.core.queries import parameters
from app.core.replies import quoted

_SHAPING = {"cursor", "limit", "expand", "fields"}
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Sort:
    """One key; ties are broken by id. Missing values come first."""

    column: InstrumentedAttribute[Any]
    descending: bool = False

    @classmethod
    def of(cls, named: str | None, columns: Mapping[str, InstrumentedAttribute[Any]]) -> "Sort | None":
        """`price` or `-price`."""
        return None if named is None else cls(columns[named.removeprefix("-")], named.startswith("-"))


@dataclass(slots=True)
class Page:
    """Which rows of a list a request asks for, and once they are read, where the next page begins."""

    id: InstrumentedAttribute[Any]
    sort: Sort | None
    limit: int
    question: str
    after: tuple[Any, Any] | None = None
    next_cursor: str | None = None

    @classmethod
    def of(
        cls,
        request: Request,
        id_column: InstrumentedAttribute[Any],
        sort: Sort | None,
        limit: int,
        cursor: str | None,
    ) -> "Page":
        page = cls(id_column, sort, limit, _question(request))
        if cursor is not None:
            page.after = page._position(cursor)
        return page

    def narrowed(self, query: Select[Any]) -> Select[Any]:
        """One row more than the page has tells that there is another page."""
        id_, limit = self.id, self.limit + 1
        if self.sort is None:
            if self.after is not None:
                query = query.where(id_ < self.after[1])
            return query.order_by(id_.desc()).limit(limit)
        column = self.sort.column
        query = query.add_columns(column.label("_sort"))
        if self.after is not None:
            query = query.where(self._behind(column, self.sort.descending, *self.after))
        if self.sort.descending:
            return query.order_by(_last(column.desc(), column), id_.desc()).limit(limit)
        return query.order_by(_first(column.asc(), column), id_.asc()).limit(limit)

    def _behind(
        self, column: InstrumentedAttribute[Any], descending: bool, value: Any, last: Any
    ) -> ColumnElement[bool]:
        id_ = self.id
        if value is None:
            if descending:
                return and_(column.is_(None), id_ < last)
            return or_(and_(column.is_(None), id_ > last), column.is_not(None))
        position, behind = tuple_(column, id_), tuple_(_bound(value, column), _bound(last, id_))
        if descending:
            return or_(position < behind, column.is_(None)) if _is_optional(column) else position < behind
        return position > behind

    def of_page(self, rows: list[Any]) -> list[Any]:
        """The rows of the page, without the one that tells of another."""
        if len(rows) > self.limit:
            rows = rows[: self.limit]
            last = rows[-1].hidden
            parts = [_written(last.get("_sort")), _written(last["_id"]), self.question]
            self.next_cursor = base64.urlsafe_b64encode(json.dumps(parts).encode()).rstrip(b"=").decode()
        return rows

    def link(self, request: Request) -> str:
        """`rel="first"`, and `rel="next"` unless this is the last page (RFC 8288)."""
        kept = [(name, value) for name, value in parameters(request) if name != "cursor"]
        path = request.url.path
        first = quoted(kept)
        links = [f'<{path}?{first}>; rel="first"' if first else f'<{path}>; rel="first"']
        if self.next_cursor is not None:
            links.append(f'<{path}?{quoted([*kept, ("cursor", self.next_cursor)])}>; rel="next"')
        return ", ".join(links)

    def _position(self, cursor: str) -> tuple[Any, Any]:
        """The last row of the page before. Its values show nothing that a rule doesn't allow."""
        try:
            if len(cursor) > _LONGEST:
                raise ValueError("too long")
            content = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
            value, last, question = json.loads(content)
            if question != self.question:
                raise ValueError("of another question")
            sort = None if self.sort is None else _read(value, self.sort.column)
            return sort, _read(last, self.id)
        except (ValueError, TypeError, ArithmeticError) as error:
            detail = "The cursor doesn't belong to this question; begin again without it."
            raise problems.bad_request(Fault("cursor", "format", detail)) from error


def _question(request: Request) -> str:
    """The same for all pages of a list: what is asked for, and not how it is shown."""
    asked = sorted(pair for pair in parameters(request) if pair[0] not in _SHAPING)
    text = json.dumps([request.url.path, asked])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _is_optional(column: InstrumentedAttribute[Any]) -> bool:
    return bool(column.property.columns[0].nullable)


def _first(order: Any, column: InstrumentedAttribute[Any]) -> Any:
    return order.nulls_first() if _is_optional(column) else order


def _last(order: Any, column: InstrumentedAttribute[Any]) -> Any:
    return order.nulls_last() if _is_optional(column) else order


def _bound(value: Any, column: InstrumentedAttribute[Any]) -> Any:
    return literal(value, column.type)


def _written(value: Any) -> Any:
    match value:
        case UUID() | Decimal():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case _:
            return value


def _read(value: Any, column: InstrumentedAttribute[Any]) -> Any:
    """A value as the column has it."""
    if value is None:
        return None
    kind = column.type.python_type
    if kind in (UUID, Decimal) or issubclass(kind, StrEnum):
        return kind(value)
    if kind in (datetime, date):
        return kind.fromisoformat(value)
    if not isinstance(value, kind):
        raise ValueError("a value of another type")
    return value
