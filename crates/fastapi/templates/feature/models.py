"""{{ doc }}"""

{{ imports }}
{%- for enum in enums %}


class {{ enum.name }}(enum.StrEnum):
{%- for member in enum.members %}
    {{ member.name }} = {{ member.value }}
{%- endfor %}
{%- endfor %}
{%- for model in models %}


class {{ model.class }}(Base):
    """{{ model.about }}"""

    __tablename__ = "{{ model.table }}"
{%- if model.arguments %}
    __table_args__ = (
{%- for argument in model.arguments %}
        {{ argument }},
{%- endfor %}
    )
{%- endif %}
{% for column in model.columns %}
    {{ column }}
{%- endfor %}
{%- endfor %}
{%- for link in links %}


{{ link.name }} = Table(
    "{{ link.name }}",
    Base.metadata,
{%- for argument in link.arguments %}
    {{ argument }},
{%- endfor %}
)
{%- endfor %}
{% if registrations %}
{% for registration in registrations %}
{{ registration }}
{%- endfor %}
{%- endif %}
