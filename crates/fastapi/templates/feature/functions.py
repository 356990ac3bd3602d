"""{{ doc }}"""

{{ imports }}
{%- for function in functions %}


def {{ function.name }}({{ function.parameters }}) -> {{ function.result }}:
    """{{ function.about }}"""
{%- for line in function.lines %}
    {{ line }}
{%- endfor %}
{%- endfor %}
