"""Who calls."""

import enum
from dataclasses import dataclass
from uuid import UUID


class Role(enum.StrEnum):
{%- for role in roles %}
    {{ role.constant }} = "{{ role.name }}"
{%- endfor %}


# Each role with those that it includes.
INCLUDED: dict[Role, frozenset[Role]] = {
{%- for role in roles %}
    Role.{{ role.constant }}: frozenset({ {%- for included in role.includes %}Role.{{ included }}{% if not loop.last %}, {% endif %}{% endfor -%} }),
{%- endfor %}
}

# Whose holders may give and take a role.
GRANTED_BY: dict[Role, frozenset[Role]] = {
{%- for role in roles %}
    Role.{{ role.constant }}: frozenset({% if role.granted_by %}{ {%- for granting in role.granted_by %}Role.{{ granting }}{% if not loop.last %}, {% endif %}{% endfor -%} }{% endif %}),
{%- endfor %}
}


@dataclass(frozen=True, slots=True)
class Caller:
    """An account with its roles and those that they include; without an id nobody is signed in."""

    id: UUID | None = None
    session_id: UUID | None = None
    roles: frozenset[Role] = frozenset()

    @property
    def signed_in(self) -> bool:
        return self.id is not None

    def has(self, role: Role) -> bool:
        return role in self.roles


NOBODY = Caller()


def holder(account_id: UUID, session_id: UUID | None, granted: list[str]) -> Caller:
    """An account that was granted these roles."""
    known = [role for role in Role if role.value in granted]
    roles = frozenset().union(*(INCLUDED[role] for role in known))
    return Caller(account_id, session_id, roles)
