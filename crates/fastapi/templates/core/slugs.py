"""Slugs: words of a-z and 0-9 joined by hyphens."""

import re

from anyascii import anyascii
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.core import problems

_LONGEST = 100
_MOST_NUMBERS = 100


def slug_of(text: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", anyascii(text).lower()).strip("-")
    return words[:_LONGEST].rstrip("-") or "untitled"


async def free(session: AsyncSession, column: InstrumentedAttribute[str], text: str) -> str:
    """The slug of a text, with a number where another row has it."""
    plain = slug = slug_of(text)
    mark = getattr(column.class_, "deleted_at", None)
    for number in range(2, _MOST_NUMBERS + 2):
        taken = select(exists().where(column == slug, *([] if mark is None else [mark.is_(None)])))
        if not await session.scalar(taken):
            return slug
        end = f"-{number}"
        slug = plain[: _LONGEST - len(end)].rstrip("-") + end
    raise problems.conflict("unique", f"Another row has the same {column.key}.", f"/{column.key}")
