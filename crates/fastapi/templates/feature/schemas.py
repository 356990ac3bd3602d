"""{{ doc }}"""

{{ imports }}
{%- for literal in literals %}

{{ literal }}
{%- endfor %}
{%- for schema in schemas %}


class {{ schema.name }}({{ schema.base }}):
    """{{ schema.about }}"""
{%- if schema.read_only %}

    {{ schema.read_only }}
{%- endif %}
{%- if schema.filters %}

    {{ schema.filters }}
{%- endif %}
{%- if schema.fields %}
{% for field in schema.fields %}
    {{ field }}
{%- endfor %}
{%- endif %}
{%- if schema.shape %}

    @property
    def shape(self) -> Shape:
        return {{ schema.shape }}
{%- endif %}
{%- endfor %}
