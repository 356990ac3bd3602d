"""Password hashes (argon2id), a few at a time: each takes much memory."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LONGEST = {{ limits.password }}
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_turns = asyncio.Semaphore(2)
# Of nobody's password: who is not there takes as long as who is.
_decoy = _hasher.hash("no account has this password")


async def hashed(password: str) -> str:
    async with _turns:
        return await asyncio.to_thread(_hasher.hash, password)


async def is_right(password: str, hash_: str | None) -> bool:
    async with _turns:
        return await asyncio.to_thread(_verify, hash_, password)


def _verify(hash_: str | None, password: str) -> bool:
    try:
        return _hasher.verify(hash_ or _decoy, password) and hash_ is not None
    except (VerificationError, InvalidHashError):
        return False
