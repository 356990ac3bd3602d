"""Rate limits of this process: so many requests of a class in so much time, for each account or address."""

import ipaddress
import math
import time
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from app.core.config import settings
from app.core.problems import Problem

_MOST_KEPT = 100_000


@dataclass(slots=True)
class Limit:
    """The generic cell rate algorithm: each key has an instant at which its allowance is whole again."""

    name: str
    count: int
    seconds: int
    full_at: dict[Any, float] = field(default_factory=dict)

    @property
    def period(self) -> float:
        return self.seconds / self.count

    def take(self, key: Any) -> tuple[int, float]:
        """What is left, and how long to wait where nothing is."""
        at = time.monotonic()
        full_at = max(self.full_at.get(key, at), at) + self.period
        wait = full_at - at - self.seconds
        if wait > 1e-9:
            return 0, wait
        if len(self.full_at) >= _MOST_KEPT:
            self.full_at = {known: until for known, until in self.full_at.items() if until > at}
        self.full_at[key] = full_at
        return math.floor((self.seconds - (full_at - at)) / self.period + 1e-9), 0.0


_limits = {
{%- for rate in rates %}
    "{{ rate.name }}": Limit("{{ rate.name }}", {{ rate.count }}, {{ rate.seconds }}),
{%- endfor %}
}


def address(request: Request) -> str:
    """An IPv4 address, or the /64 network of an IPv6 address: a household gets that many."""
    text = request.client.host if request.client else ""
    if settings.behind_proxy:
        text = request.headers.get("x-forwarded-for", text).rsplit(",", 1)[-1].strip()
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return text
    if found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def take(request: Request, name: str, key: Any) -> None:
    """Counts a request, and refuses it where it is one too many."""
    if not settings.rate_limits:
        return
    limit = _limits[name]
    left, wait = limit.take(key)
    reset = math.ceil((limit.count - left) * limit.seconds / limit.count)
    request.state.headers |= {
        "RateLimit": f'"{name}";r={left};t={reset}',
        "RateLimit-Policy": f'"{name}";q={limit.count};w={limit.seconds}',
    }
    if wait > 0:
        seconds = max(1, math.ceil(wait))
        detail = (
            f"At most {limit.count} requests of the class `{name}` are answered in {limit.seconds} seconds; "
            f"try again in {seconds}."
        )
        raise Problem(429, "rate-limited", detail, headers={"Retry-After": str(seconds)})
