"""{{ doc }}"""

{{ imports }}
{%- for part in representations %}


def _shown{{ part.suffix }}(caller: Caller) -> dict[str, Expression]:
    """The keys of {{ part.one }}, as far as the caller may see them in some row."""
{%- if part.blocks %}
    shown: dict[str, Expression] = {
{%- else %}
    return {
{%- endif %}
{%- for key in part.keys %}
        {{ key }},
{%- endfor %}
    }
{%- for block in part.blocks %}
{%- if block.condition %}
    if {{ block.condition }}:
{%- for key in block.keys %}
        shown[{{ key.name }}] = {{ key.value }}
{%- endfor %}
{%- elif block.is_one_by_one %}
{%- for key in block.keys %}
    shown[{{ key.name }}] = {{ key.value }}
{%- endfor %}
{%- else %}
    shown |= {
{%- for key in block.keys %}
        {{ key.name }}: {{ key.value }},
{%- endfor %}
    }
{%- endif %}
{%- endfor %}
{%- if part.blocks %}
    return shown
{%- endif %}


def _hidden{{ part.suffix }}({% if part.hidden_by_caller %}caller: Caller{% endif %}) -> dict[str, Expression]:
    """What else is known of {{ part.one }}."""
    return {
{%- for key in part.hidden %}
        {{ key }},
{%- endfor %}
    }
{%- endfor %}


async def load(session: AsyncSession, caller: Caller, shape: Shape, narrowed: Narrowing) -> list[Record]:
    """{{ plural }} of a query, with what belongs to them and what a request expands."""
    rows = await fetch(session, shape, _shown(caller), _hidden({% if representations[0].hidden_by_caller %}caller{% endif %}), narrowed)
    if not rows:
        return rows
{%- for step in steps %}
    {{ step }}
{%- endfor %}
    return rows
{%- for function in functions %}


async def {{ function.name }}(session: AsyncSession, caller: Caller, rows: list[Record], shape: Shape) -> None:
    """{{ function.about }}"""
{%- for line in function.lines %}
    {{ line }}
{%- endfor %}
{%- endfor %}
{%- if has_get %}


async def one(session: AsyncSession, caller: Caller, where: ColumnElement[bool], shape: Shape) -> Record:
    """{{ sentence }}, if the caller may read it."""
    condition = and_(where{{ active }}{{ may_read }})
    rows = await load(session, caller, shape, lambda query: query.where(condition))
    if not rows:
        raise problems.not_found()
    return rows[0]
{%- endif %}


async def written(session: AsyncSession, caller: Caller, where: ColumnElement[bool], shape: Shape = PLAIN) -> Record:
    """{{ sentence }} that the caller has just written."""
    rows = await load(session, caller, shape, lambda query: query.where(where{{ active }}))
    if not rows:
        raise problems.not_found()
    return rows[0]
{%- if has_list %}


async def listed(
    session: AsyncSession,
    caller: Caller,
    query: schemas.{{ class }}ListQuery,
    page: Page,
) -> list[Record]:
    """A page of those that the caller may read."""
    conditions: list[ColumnElement[bool]] = [
{%- for condition in conditions %}
        {{ condition }},
{%- endfor %}
    ]
{%- for statement in statements %}
    {{ statement }}
{%- endfor %}
{%- if search %}
    if query.q is not None and query.q.strip():
        conditions.append(matches(query.q, "{{ search }}", {{ class }}.id))
{%- endif %}
    rows = await load(session, caller, query.shape, lambda rows: page.narrowed(rows.where(*conditions)))
    return page.of_page(rows)
{%- endif %}
{%- if is_referred_to %}


def referable(caller: Caller) -> Select[{{ id_type }}]:
    """Those that the caller may refer to."""
    return select({{ class }}.id).where({{ referable }})
{%- endif %}
{%- if has_writes %}


async def writable(
    session: AsyncSession,
    caller: Caller,
    where: ColumnElement[bool],
    may_write: ColumnElement[bool],
) -> {{ class }}:
    """{{ sentence }} that the caller may write."""
    found = select({{ class }}, may_write, policies.may_read(caller)).where(where{{ active }})
    return await access.writable(session, caller, found)


def touch({{ variable }}: {{ class }}) -> None:
    """Notes that it is written."""
{%- for line in touch %}
    {{ line }}
{%- endfor %}
{%- endif %}
