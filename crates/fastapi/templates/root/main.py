"""The application."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

{% for line in imports -%}
{{ line }}
{% endfor %}
_DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parent / "openapi.json").read_text())

_ROUTERS = (
{%- for router in routers %}
    {{ router }}_router,
{%- endfor %}
)


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    logging.configure()
    purging = asyncio.create_task(purge.forever())
    yield
    purging.cancel()
    await engine.dispose()


async def _health() -> dict[str, str]:
    return {"status": "ok"}


async def _ready() -> dict[str, str]:
    try:
        async with Reading() as session:
            await session.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError) as error:
        raise problems.busy() from error
    return {"status": "ok", "database": "up"}


async def _keys() -> dict[str, Any]:
    return tokens.key_set()


async def _problem(code: str) -> Response:
    """What the `type` of a problem means."""
    return replies.json_reply({"code": code, "title": code.replace("-", " ").capitalize()})


def create() -> FastAPI:
    in_development = settings.environment == "development"
    app = FastAPI(
        title="{{ title }}",
        docs_url="/docs" if in_development else None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    # The contract is written down, and not worked out from the code.
    app.openapi = lambda: _DOCUMENT  # type: ignore[method-assign]
    app.add_middleware(Exchange)
    problems.install(app, _ROUTERS)
    for router in _ROUTERS:
        app.include_router(router)
    app.add_api_route("/healthz", _health)
    app.add_api_route("/readyz", _ready)
    app.add_api_route("/.well-known/jwks.json", _keys)
    app.add_api_route("/problems/{code}", _problem)
    extend(app)
    return app


app = create()
