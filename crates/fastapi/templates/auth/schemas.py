"""Bodies of signing in, and what goes with it."""

from typing import Annotated

from pydantic import Field

from app.core.bodies import Body
from app.core.callers import Role
from app.core.fields import Distinct, Sized, Text
from app.core.passwords import LONGEST
{%- if account.sign_up %}
from app.{{ account.package }}.schemas import {{ account.class }}Create
{%- endif %}

NewPassword = Annotated[str, Sized({{ account.password_min }}, LONGEST)]
{% if account.sign_up %}

class SignUp({{ account.class }}Create):
    password: NewPassword
{% endif %}

class SignIn(Body):
    {{ account.sign_in }}: Text
    password: Text


class Refresh(Body):
    refresh_token: Text


class PasswordChange(Body):
    current_password: Text
    new_password: NewPassword


class Roles(Body):
    roles: Annotated[list[Role], Field(max_length={{ roles|length }}), Distinct]
