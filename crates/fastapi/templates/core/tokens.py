"""Access tokens: JSON Web Tokens (RFC 9068) signed with Ed25519, and nothing else. Refresh tokens: with our tag."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.core import crypto
from app.core.config import settings
from app.core.ids import new_id

ALGORITHM = "EdDSA"
TYPE = "at+jwt"
AUDIENCE = "urn:{{ name }}"
LIFETIME = timedelta(seconds={{ tokens.access }})
REFRESH_LIFETIME = timedelta(seconds={{ tokens.refresh }})
_SKEW = timedelta(seconds=30)
_CLAIMS = ["iss", "aud", "sub", "sid", "iat", "exp", "jti"]
_TAG = 16


@dataclass(frozen=True, slots=True)
class Key:
    id: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey

    @property
    def jwk(self) -> dict[str, str]:
        x = _base64(self.public.public_bytes_raw())
        return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.id, "alg": ALGORITHM, "use": "sig"}


@dataclass(frozen=True, slots=True)
class Subject:
    account_id: UUID
    session_id: UUID


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _key(private: Ed25519PrivateKey) -> Key:
    public = private.public_key()
    # The thumbprint of the public key (RFC 7638).
    members = f'{{ '{{' }}"crv":"Ed25519","kty":"OKP","x":"{_base64(public.public_bytes_raw())}"{{ '}}' }}'
    return Key(_base64(hashlib.sha256(members.encode()).digest()), private, public)


_keys = [_key(private) for private in settings.private_keys()]


def issue(subject: Subject, now: datetime) -> str:
    signing = _keys[0]
    claims = {
        "iss": settings.issuer,
        "aud": AUDIENCE,
        "sub": str(subject.account_id),
        "client_id": AUDIENCE,
        "sid": str(subject.session_id),
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
        "jti": str(new_id()),
    }
    headers = {"typ": TYPE, "kid": signing.id}
    return jwt.encode(claims, signing.private, ALGORITHM, headers)


def verify(token: str) -> Subject | None:
    """Whom a good token is for."""
    try:
        header = jwt.get_unverified_header(token)
        key = next((key for key in _keys if key.id == header.get("kid")), None)
        # What else a header may say is none of ours, a key of its own above all.
        if key is None or header.keys() != {"alg", "typ", "kid"} or header["typ"] != TYPE:
            return None
        claims = jwt.decode(
            token,
            key.public,
            [ALGORITHM],
            issuer=settings.issuer,
            audience=AUDIENCE,
            leeway=_SKEW,
            options={"require": _CLAIMS, "strict_aud": True},
        )
        if claims["exp"] - claims["iat"] > LIFETIME.total_seconds():
            return None
        return Subject(UUID(claims["sub"]), UUID(claims["sid"]))
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError):
        return None


def key_set() -> dict[str, Any]:
    """The public keys (RFC 7517)."""
    return {"keys": [key.jwk for key in _keys]}


# ---- refresh tokens -------------------------------------------------------------------------------------------------


def issue_refresh(session_id: UUID) -> str:
    """The session's id, 256 random bits, and a tag: a token with it is one of ours, if an earlier one."""
    named = session_id.bytes + secrets.token_bytes(32)
    return _base64(named + crypto.tag(named, "refresh")[:_TAG])


def session_of(refresh_token: str) -> UUID | None:
    """Whose token it is or was; nothing where we did not make it."""
    try:
        content = base64.b64decode(refresh_token + "=" * (-len(refresh_token) % 4), b"-_", validate=True)
    except ValueError:
        return None
    named, given = content[:-_TAG], content[-_TAG:]
    if len(content) != 48 + _TAG or not hmac.compare_digest(crypto.tag(named, "refresh")[:_TAG], given):
        return None
    return UUID(bytes=named[:16])


def digest(refresh_token: str) -> bytes:
    """What is stored of a refresh token."""
    return hashlib.sha256(refresh_token.encode()).digest()
