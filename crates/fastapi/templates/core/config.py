"""Settings from the environment, judged once at the start."""

import base64
from functools import cached_property
from typing import Literal, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

KEY_BYTES = 32
_FEWEST_DIFFERENT_BYTES = 16
ADVICE = "make keys with `python -m app.cli setup`, or one with `openssl rand -base64 32`"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    environment: Literal["development", "production"] = "development"
    database_url: str = "sqlite+aiosqlite:///./{{ name }}.sqlite"
    # Who made a token; other services check it.
    issuer: str = "urn:{{ name }}"
    # Several with commas: the first signs, all verify.
    signing_keys_text: SecretStr = Field(alias="SIGNING_KEYS")
    # `2:KEY,1:KEY`: the first encrypts, all decrypt.
    field_keys_text: SecretStr = Field(alias="FIELD_KEYS")
    refresh_key_text: SecretStr = Field(alias="REFRESH_KEY")
    rate_limits: bool = True
    # The address that the proxy adds to `X-Forwarded-For` counts, not that of the proxy.
    behind_proxy: bool = False
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _each_key_is_one(self) -> Self:
        keys = [*self.signing_keys, *self.field_keys.values(), self.refresh_key]
        if len(set(keys)) != len(keys):
            raise ValueError("a key is used for two purposes: " + ADVICE)
        return self

    @cached_property
    def signing_keys(self) -> list[bytes]:
        return [_key("SIGNING_KEYS", text) for text in _listed(self.signing_keys_text)]

    @cached_property
    def field_keys(self) -> dict[int, bytes]:
        numbered = (text.partition(":") for text in _listed(self.field_keys_text))
        return {int(number): _key("FIELD_KEYS", text) for number, _, text in numbered}

    @cached_property
    def refresh_key(self) -> bytes:
        return _key("REFRESH_KEY", self.refresh_key_text.get_secret_value())

    def private_keys(self) -> list[Ed25519PrivateKey]:
        return [Ed25519PrivateKey.from_private_bytes(key) for key in self.signing_keys]


def _listed(secret: SecretStr) -> list[str]:
    texts = (text.strip() for text in secret.get_secret_value().split(","))
    return [text for text in texts if text]


def _key(name: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError(f"{name} is no base64: {ADVICE}") from error
    if len(key) != KEY_BYTES or len(set(key)) < _FEWEST_DIFFERENT_BYTES:
        raise ValueError(f"{name} has to be {KEY_BYTES} random bytes in base64: {ADVICE}")
    return key


settings = Settings()
