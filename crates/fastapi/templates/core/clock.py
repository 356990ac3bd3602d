"""The instant of a request, as precise as it is stored."""

from datetime import UTC, datetime


def now() -> datetime:
    """Now in UTC, to the millisecond."""
    instant = datetime.now(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
