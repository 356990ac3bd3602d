"""Rows that a body names: looked up, if the caller may read them, and everything that is not there told at once."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import problems
from app.core.problems import Fault
from app.core.sql import Expression

Id = TypeVar("Id", UUID, int)


class References:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.faults: list[Fault] = []

    async def many(
        self,
        place: str,
        rows: Select[Id],
        address: Expression,
        named: Sequence[Any],
    ) -> list[Id]:
        """The ids of the rows with these addresses, in their order."""
        if not named:
            return []
        found = await self.session.execute(rows.add_columns(address).where(address.in_(named)))
        ids = {at: id_ for id_, at in found.tuples()}
        for index, at in enumerate(named):
            if at not in ids:
                self.missing(f"{place}/{index}")
        return [ids[at] for at in named if at in ids]

    async def one(
        self,
        place: str,
        rows: Select[Id],
        address: Expression,
        named: Any,
    ) -> Id:
        """The id of the row with this address."""
        id_ = await self.session.scalar(rows.where(address == named))
        if id_ is None:
            self.missing(place)
        return id_  # type: ignore[return-value]  # nobody gets to see it: `settle` comes before

    async def perhaps(
        self,
        place: str,
        rows: Select[Id],
        address: Expression,
        named: Any | None,
    ) -> Id | None:
        """The same, where no row may be named."""
        return None if named is None else await self.one(place, rows, address, named)

    def missing(self, place: str) -> None:
        self.faults.append(Fault(place, "not-found", "There is no such row, or you may not know of it."))

    def settle(self) -> None:
        """Refuses the body if anything that it names is not there."""
        if self.faults:
            raise problems.invalid(*self.faults)
