"""{{ doc }}"""

{{ imports }}
{%- if make %}


async def make_{{ variable }}(
    session: AsyncSession,
    caller: Caller,
    given: schemas.{{ class }}Create,
    operation: str,
) -> {{ class }}:
    """Makes {{ one }} with what belongs to it."""
{%- for line in make %}
    {{ line }}
{%- endfor %}
{%- endif %}
{%- for function in functions %}


async def {{ function.name }}(
{%- for parameter in function.parameters %}
    {{ parameter }},
{%- endfor %}
) -> {{ function.result }}:
    """{{ function.about }}"""
{%- for line in function.lines %}
    {{ line }}
{%- endfor %}
{%- endfor %}
