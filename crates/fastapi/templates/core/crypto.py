"""Ciphertexts (AES-256-GCM) and keyed hashes. The first key encrypts, all decrypt, each known by its number."""

import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.config import settings

_NONCE = 12


def seal(plain: bytes, place: str) -> bytes:
    """Ciphertext that can be opened for the same place only."""
    number, key = next(iter(settings.field_keys.items()))
    nonce = secrets.token_bytes(_NONCE)
    return number.to_bytes(4) + nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def unseal(sealed: bytes, place: str) -> bytes:
    key = settings.field_keys[int.from_bytes(sealed[:4])]
    nonce, ciphertext = sealed[4 : 4 + _NONCE], sealed[4 + _NONCE :]
    return AESGCM(key).decrypt(nonce, ciphertext, place.encode())


def tag(message: bytes, purpose: str) -> bytes:
    """A keyed hash that no other purpose can make."""
    return hmac.digest(settings.refresh_key, purpose.encode() + b"\0" + message, hashlib.sha256)
