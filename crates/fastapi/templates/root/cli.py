"""Commands for whoever runs the server: `python -m app.cli setup`, `… create-account`, `… appoint`."""

import argparse
import asyncio
import base64
import getpass
import json
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

ENVIRONMENT = Path(".env")


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def setup() -> None:
    """Makes keys for development, once, and brings the database up to date."""
    if not ENVIRONMENT.exists():
        lines = [f"SIGNING_KEYS={_key()}", f"FIELD_KEYS=1:{_key()}", f"REFRESH_KEY={_key()}"]
        ENVIRONMENT.touch(mode=0o600)
        ENVIRONMENT.write_text("\n".join(lines) + "\n")
    subprocess.run([sys.executable, "-m", "alembic", "upgrade", "head"], check=True)
{% if account.sign_up %}

async def _create_account(fields: dict[str, Any], roles: list[str]) -> None:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.auth.models import Credentials
    from app.auth.schemas import SignUp
    from app.core import passwords
    from app.core.callers import NOBODY, Role
    from app.core.database import engine, write
    from app.{{ account.package }}.service import make_{{ account.variable }}

    given = SignUp.model_validate(fields)
    password_hash = await passwords.hashed(given.password)
    granted = [Role(role).value for role in roles]

    async def work(session: AsyncSession) -> None:
        account = await make_{{ account.variable }}(session, NOBODY, given, "create-account")
        session.add(Credentials(account_id=account.id, password_hash=password_hash, roles=granted, failed_count=0))

    await write(work)
    await engine.dispose()
{% endif %}

async def _appoint(name: str, role: str) -> None:
    from sqlalchemy import select
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.auth.models import Credentials
    from app.core import audit
    from app.core.callers import NOBODY, Role
    from app.core.database import engine, write
    from app.{{ account.package }}.models import {{ account.class }}

    async def work(session: AsyncSession) -> None:
        found = select(Credentials).join({{ account.class }}, {{ account.class }}.id == Credentials.account_id)
        credentials = (await session.execute(found.where({{ account.class }}.{{ account.sign_in }} == name))).scalar_one()
        before = credentials.roles
        credentials.roles = sorted({*before, Role(role).value})
        made = {"roles": {"from": before, "to": credentials.roles}}
        audit.record(session, NOBODY, "appoint", "{{ account.entity }}", credentials.account_id, made)

    await write(work)
    await engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.cli", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("setup", help="make keys for development, and migrate the database")
{%- if account.sign_up %}
    create = commands.add_parser("create-account", help="make an account, whoever may sign up")
    create.add_argument("fields", help="what a sign-up says, as JSON; the password is asked for unless it is there")
    create.add_argument("--role", action="append", default=[])
{%- endif %}
    appoint = commands.add_parser("appoint", help="give an account a role, whoever grants it")
    appoint.add_argument("name", help="what the account signs in with")
    appoint.add_argument("role")
    arguments = parser.parse_args()
    match arguments.command:
        case "setup":
            setup()
{%- if account.sign_up %}
        case "create-account":
            fields = json.loads(arguments.fields)
            fields.setdefault("password", None)
            fields["password"] = fields["password"] or getpass.getpass()
            asyncio.run(_create_account(fields, arguments.role))
{%- endif %}
        case "appoint":
            asyncio.run(_appoint(arguments.name, arguments.role))


if __name__ == "__main__":
    main()
