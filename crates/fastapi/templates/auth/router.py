"""Signing in and out, and the own account."""

from typing import Annotated
{%- if set_roles and account.address_type == "UUID" %}
from uuid import UUID
{%- endif %}

from fastapi import APIRouter, Depends{% if set_roles %}, Path{% endif %}, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import service
from app.core import replies
from app.core.admission import SIGNED_IN, Admission, Anonymous
from app.core.bodies import JsonContent
from app.core.callers import Caller, Role
from app.core.database import ReadSession, write
from app.core.queries import Plain, parsed
from app.core.records import read, shown
from app.{{ account.package }} import records, schemas
from app.{{ account.package }}.models import {{ account.class }}

router = APIRouter()
{%- for one in operations %}
{%- if one.kind == "sign-up" %}


@router.post("{{ one.path }}", name="{{ one.name }}")
async def sign_up(
    caller: Annotated[Caller, Depends(Anonymous("{{ one.rate }}"))],
    _: Plain,
    body: JsonContent,
) -> Response:
    """{{ one.about }}"""
    signed_in = await service.sign_up(caller, body)
    location = f"{{ account.path }}/{replies.segment(signed_in.account.hidden['_address'])}"
    return replies.json_reply(signed_in.content, 201, {"Location": location})
{%- elif one.kind == "sign-in" or one.kind == "refresh" %}


@router.post("{{ one.path }}", name="{{ one.name }}", dependencies=[Depends(Anonymous("{{ one.rate }}"))])
async def {{ one.function }}(_: Plain, body: JsonContent) -> Response:
    """{{ one.about }}"""
    return replies.json_reply((await service.{{ one.function }}(body)).content)
{%- elif one.kind == "sign-out" %}


@router.post("{{ one.path }}", name="{{ one.name }}")
async def sign_out(
    caller: Annotated[Caller, Depends(Admission("{{ one.rate }}", SIGNED_IN, by_address=True))],
    _: Plain,
) -> Response:
    """{{ one.about }}"""

    async def work(session: AsyncSession) -> None:
        await service.sign_out(session, caller)

    await write(work)
    return replies.nothing()
{%- elif one.kind == "me" %}


@router.get("{{ one.path }}", name="{{ one.name }}")
async def me(
    request: Request,
    caller: Annotated[Caller, Depends(Admission("{{ one.rate }}", SIGNED_IN))],
    query: Annotated[schemas.{{ account.class }}Query, Depends(parsed(schemas.{{ account.class }}Query))],
    session: ReadSession,
) -> Response:
    """{{ one.about }}"""
    account = await records.written(session, caller, {{ account.class }}.id == caller.id, query.shape)
    return read(request, account)
{%- elif one.kind == "password" %}


@router.put("{{ one.path }}", name="{{ one.name }}")
async def change_password(
    caller: Annotated[Caller, Depends(Admission("{{ one.rate }}", SIGNED_IN, by_address=True))],
    _: Plain,
    body: JsonContent,
) -> Response:
    """{{ one.about }}"""
    await service.change_password(caller, body)
    return replies.nothing()
{%- elif one.kind == "set-roles" %}


@router.put("{{ one.path }}", name="{{ one.name }}")
async def set_roles(
    caller: Annotated[Caller, Depends(Admission("{{ one.rate }}"{{ one.allowed }}))],
    {{ account.variable }}_address: Annotated[{{ account.address_type }}, Path(alias="{{ one.parameter }}")],
    _: Plain,
    body: JsonContent,
) -> Response:
    """{{ one.about }}"""

    async def work(session: AsyncSession) -> Response:
        return shown(await service.set_roles(session, caller, {{ account.variable }}_address, body))

    return await write(work)
{%- endif %}
{%- endfor %}
