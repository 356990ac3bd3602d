"""Rows as replies show them: their keys, what a request asks of them, and rows of other tables within them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request, Response
from sqlalchemy import Select, Subquery, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import conditional, problems, replies
from app.core.pages import Page
from app.core.problems import Fault
from app.core.sql import Expression

# Rows that `?expand=` puts into one reply.
MOST_EXPANDED = {{ limits.expanded }}

Narrowing = Callable[[Select[Any]], Select[Any]]
_SEES = "_sees_"


@dataclass(slots=True)
class Record:
    """What a reply shows of a row, and beside it what is known of it."""

    content: dict[str, Any]
    hidden: dict[str, Any]

    @property
    def version(self) -> int | None:
        version: int | None = self.hidden.get("_version")
        return version


@dataclass(slots=True)
class Budget:
    """How many rows have been put into a reply."""

    rows: int = 0

    def spend(self, rows: int) -> None:
        self.rows += rows
        if self.rows > MOST_EXPANDED:
            raise problems.bad_request(Fault("expand", "too-many", f"At most {MOST_EXPANDED} rows can be expanded."))


@dataclass(slots=True)
class Shape:
    """Which keys a reply keeps, and which relations it follows."""

    fields: frozenset[str] | None = None
    expand: dict[str, "Shape"] = field(default_factory=dict)
    budget: Budget | None = None

    @classmethod
    def of(cls, fields: Iterable[str] | None, paths: Iterable[str]) -> "Shape":
        budget = Budget()
        root = cls(None if fields is None else frozenset(fields), budget=budget)
        for path in paths:
            shape = root
            for name in path.split("."):
                shape = shape.expand.setdefault(name, cls(budget=budget))
        return root

    def shows(self, key: str) -> bool:
        return self.fields is None or key in self.fields

    def within(self, key: str) -> "Shape":
        """The shape of parts, which are there anyway."""
        return self.expand.get(key) or Shape(budget=self.budget)


PLAIN = Shape()


def _record(row: Mapping[str, Any]) -> Record:
    content = {key: value for key, value in row.items() if not key.startswith("_")}
    hidden = {key: value for key, value in row.items() if key.startswith("_")}
    for key, sees in hidden.items():
        if key.startswith(_SEES) and not sees:
            content.pop(key.removeprefix(_SEES), None)
    return Record(content, hidden)


async def fetch(
    session: AsyncSession,
    shape: Shape,
    shown: Mapping[str, Expression],
    hidden: Mapping[str, Expression],
    narrowed: Narrowing,
) -> list[Record]:
    """The rows of a query, as far as the shape shows them. What is hidden has a name that begins with `_`."""
    kept = {key: column for key, column in shown.items() if shape.shows(key)} | dict(hidden)
    columns: list[Any] = [column.label(key) for key, column in kept.items()]
    found = await session.execute(narrowed(select(*columns)))
    return [_record(dict(row)) for row in found.mappings()]


def values(rows: Iterable[Record], key: str) -> list[Any]:
    """What rows are found by that are shown within these."""
    return list({row.hidden[key] for row in rows if row.hidden[key] is not None})


def put_one(rows: Iterable[Record], name: str, key: str, found: list[Record], shape: Shape) -> None:
    """Puts into each row the one that it refers to, if that was found."""
    _spend(shape, found)
    by_id = {one.hidden["_id"]: one.content for one in found}
    for row in rows:
        row.content[name] = by_id.get(row.hidden[key])


def put_many(rows: Iterable[Record], name: str, found: list[Record], shape: Shape) -> None:
    """Puts into each row those that a relation leads to."""
    _spend(shape, found)
    put_parts(rows, name, found)


def put_parts(rows: Iterable[Record], name: str, found: list[Record]) -> None:
    """Puts into each row those that belong to it."""
    by_parent: dict[Any, list[dict[str, Any]]] = {}
    for one in found:
        by_parent.setdefault(one.hidden["_parent"], []).append(one.content)
    for row in rows:
        row.content[name] = by_parent.get(row.hidden["_id"], [])


def _spend(shape: Shape, found: list[Record]) -> None:
    if shape.budget is not None:
        shape.budget.spend(len(found))


def numbered(parent: Expression, child: Expression) -> Select[Any]:
    """Pairs of rows, those of each parent with their place among them."""
    place = func.row_number().over(partition_by=parent, order_by=child)
    return select(parent.label("parent"), child.label("child"), place.label("place"))


def first_of_each(pairs: Subquery, child: Expression) -> Narrowing:
    """At most a page of rows for each parent."""

    def narrowed(query: Select[Any]) -> Select[Any]:
        return (
            query.add_columns(pairs.c.parent.label("_parent"))
            .join(pairs, pairs.c.child == child)
            .where(pairs.c.place <= {{ limits.page_max }})
            .order_by(pairs.c.parent, pairs.c.place)
        )

    return narrowed


# ---- replies --------------------------------------------------------------------------------------------------------


def shown(record: Record, status: int = 200) -> Response:
    """What a write has made of a row."""
    return replies.json_reply(record.content, status, replies.versioned(record.version))


def created(record: Record, path: str) -> Response:
    headers = replies.versioned(record.version) | {"Location": f"{path}/{replies.segment(record.hidden['_address'])}"}
    return replies.json_reply(record.content, 201, headers)


def read(request: Request, record: Record, *, revalidates: bool = False) -> Response:
    """One row. `revalidates`: its version says all about it, so that a client that has it need not get it again."""
    headers = replies.versioned(record.version)
    response = replies.read_reply(request, record.content, headers)
    if revalidates and record.version is not None and conditional.is_known(request, record.version):
        return replies.not_modified(response)
    return response


def listed(request: Request, page: Page, rows: list[Record]) -> Response:
    content = {
        "data": [row.content for row in rows],
        "page": {"next": page.next_cursor, "limit": page.limit},
    }
    return replies.read_reply(request, content, {"Link": page.link(request)})
