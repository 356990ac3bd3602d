"""What the database refuses, as what the client is told."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy.exc import DBAPIError, IntegrityError

from app.core import problems
from app.core.problems import Fault, Problem


@dataclass(frozen=True, slots=True)
class Unique:
    """Values that no two rows share; the keys of the body that they come from."""

    table: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]

    def problem(self) -> Problem:
        what = self.keys[0] if len(self.keys) == 1 else f"combination of {', '.join(self.keys)}"
        detail = f"Another row has the same {what}."
        return problems.conflict("unique", detail, *(f"/{key}" for key in self.keys))


_unique: dict[str, Unique] = {}
_checks: dict[str, str] = {}


def unique(name: str, table: str, columns: tuple[str, ...], keys: tuple[str, ...]) -> None:
    """Declares what a reply says when a unique index is hit."""
    _unique[name] = Unique(table, columns, keys)


def check(name: str, message: str) -> None:
    """Declares what a reply says when a check fails."""
    _checks[name] = message


@contextmanager
def place(pointer: str) -> Iterator[None]:
    """What is refused of a part stands in the body there."""
    try:
        yield
    except IntegrityError as error:
        found = problem(error)
        if found is None:
            raise
        found.faults = [replace(fault, place=pointer + fault.place) for fault in found.faults]
        raise found from error


def problem(error: DBAPIError) -> Problem | None:
    """The reply to a broken constraint; nothing where the error is another one."""
    if not isinstance(error, IntegrityError):
        return None
    cause = getattr(error.orig, "__cause__", None)
    name = getattr(cause, "constraint_name", None)
    if name is None:
        return _of_sqlite(str(error.orig))
    return _of_name(name)


def _of_name(name: str) -> Problem | None:
    if name in _unique:
        return _unique[name].problem()
    if name in _checks:
        return problems.invalid(Fault("", "check", _checks[name]))
    return None


def _of_sqlite(message: str) -> Problem | None:
    """SQLite names a check, and of a unique index the columns."""
    if match := re.search(r"CHECK constraint failed: (\w+)", message):
        return _of_name(match[1])
    if match := re.search(r"UNIQUE constraint failed: (.+)$", message):
        found = match[1].split(", ")
        for one in _unique.values():
            if found == [f"{one.table}.{column}" for column in one.columns]:
                return one.problem()
    return None
