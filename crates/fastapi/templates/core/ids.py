"""Ids of new rows: UUIDs of version 7 (RFC 9562), so that their order is the order of creation."""

import secrets
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """A UUID that is greater than every earlier one of this process."""
    global _last
    with _lock:
        # 48 bits of milliseconds and 12 bits that count within one.
        tick = max(time.time_ns() // 1_000_000 << 12, _last + 1)
        _last = tick
    random = secrets.randbits(62)
    return UUID(int=(tick >> 12) << 80 | 0x7 << 76 | (tick & 0xFFF) << 64 | 0b10 << 62 | random)
