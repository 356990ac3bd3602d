"""{{ doc }}"""

{{ imports }}

router = APIRouter()
{%- for endpoint in endpoints %}


@router.{{ endpoint.method }}("{{ endpoint.path }}", name="{{ endpoint.name }}")
async def {{ endpoint.function }}(
{%- for parameter in endpoint.parameters %}
    {{ parameter }},
{%- endfor %}
) -> Response:
    """{{ endpoint.about }}"""
{%- for line in endpoint.lines %}
    {{ line }}
{%- endfor %}
{%- endfor %}
