"""A server in this process, on an empty database of its own."""

import base64
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("database")
    os.environ |= {
        "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/test.sqlite",
        "SIGNING_KEYS": _key(),
        "FIELD_KEYS": f"1:{_key()}",
        "REFRESH_KEY": _key(),
        "RATE_LIMITS": "false",
    }
    from alembic import command
    from alembic.config import Config

    from app.main import create

    command.upgrade(Config("alembic.ini"), "head")
    with TestClient(create()) as client:
        yield client
