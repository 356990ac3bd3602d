"""Values of requests: what each type takes, and what is wrong with a value that it doesn't take."""

import math
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, Strict
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

LARGEST_BIGINT = 2**53 - 1
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")
# A dot-atom before the at sign, and a host name after it (RFC 5322, without comments and quoted texts).
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_LABEL = r"[^\W_]((?:[^\W_]|-){0,61}[^\W_])?"
_EMAIL = rf"{_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})*"
# A host, and what may follow it (RFC 3986).
_URL = (
    r"(?i:https?)://([^\s/?#@\\<>\"^`{|}]*@)?(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]\\<>\"^`{|}%]+)"
    r"(:[0-9]{0,5})?([/?#][^\s<>\"\\^`{|}]*)?"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _wrong(code: str, detail: str) -> PydanticCustomError:
    # The message is a template to Pydantic.
    return PydanticCustomError(code, "{said}", {"said": detail.removesuffix(".")})


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong("type", "It must be text")
    return _without_nul(value)


def _without_nul(value: str) -> str:
    # SQLite would take it for the end of a text, and PostgreSQL has no text with it.
    if "\0" in value:
        raise _wrong("format", "It must not contain the character NUL")
    return value


def _whole(value: Any) -> Any:
    # JSON knows no difference between 1 and 1.0.
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return value


def _uuid(value: Any) -> UUID:
    if isinstance(value, UUID):
        return value
    if not _UUID.fullmatch(_text(value)):
        raise _wrong("format", "It must be a uuid, as in 019a7b3c-5e00-7000-8000-000000000001")
    return UUID(value)


def _day(value: Any) -> date:
    text = _text(value)
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise _wrong("format", "It must be a day, as in 2026-11-24")


def _instant(value: Any) -> datetime:
    text = _text(value)
    try:
        if _INSTANT.fullmatch(text):
            instant = datetime.fromisoformat(text.upper()).astimezone(UTC)
            return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
    except (ValueError, OverflowError):
        pass
    raise _wrong("format", "It must be an instant, as in 2026-11-24T10:00:00.000Z")


def _matching(value: Any, pattern: str, what: str) -> str:
    text = _text(value)
    if not re.fullmatch(pattern, text):
        raise _wrong("format", f"It must be {what}")
    return text


def _email(value: Any) -> str:
    text = _text(value).lower()
    return _matching(text, _EMAIL, "an e-mail address")


def _url(value: Any) -> str:
    return _matching(value, _URL, "an address that begins with http:// or https://")


def _phone(value: Any) -> str:
    return _matching(value, r"\+[0-9]{7,15}", "a phone number with its country, as in +353861234567")


def _slug(value: Any) -> str:
    return _matching(value, r"[a-z0-9]+(-[a-z0-9]+)*", "words of a-z and 0-9 joined by hyphens")


class Sized:
    """A text of so many characters."""

    def __init__(self, least: int, most: int, pattern: str | None = None) -> None:
        self.schema = core_schema.str_schema(strict=True, min_length=least, max_length=most, pattern=pattern)

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.no_info_after_validator_function(_without_nul, self.schema)


class Fixed:
    """A number as text with exactly so many digits after the point; where it is not `exact`, with fewer, too."""

    def __init__(
        self,
        precision: int,
        scale: int,
        least: str | None = None,
        most: str | None = None,
        exact: bool = True,
    ) -> None:
        self.precision = precision
        self.scale = scale
        self.least = None if least is None else Decimal(least)
        self.most = None if most is None else Decimal(most)
        digits = str(scale) if exact else f"1,{scale}"
        fraction = r"(\.\d{" + digits + "})" + ("" if exact else "?") if scale else ""
        self.form = re.compile(rf"-?(0|[1-9]\d*){fraction}", re.ASCII)

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def read(self, value: Any) -> Decimal:
        if isinstance(value, bool | int | float):
            raise _wrong("type", self._said())
        text = _text(value)
        if not self.form.fullmatch(text):
            raise _wrong("format", self._said())
        number = Decimal(text)
        if len(text.replace(".", "").lstrip("-0")) > self.precision:
            code = "too-small" if text.startswith("-") else "too-large"
            raise _wrong(code, f"It must have at most {self.precision} digits")
        if self.least is not None and number < self.least:
            raise _wrong("too-small", f"It must be at least {self.least}")
        if self.most is not None and number > self.most:
            raise _wrong("too-large", f"It must be at most {self.most}")
        return number

    def _said(self) -> str:
        example = Decimal(1250).scaleb(-self.scale)
        return f'It must be a number as text with {self.scale} digits after the point, as in "{example}"'


def _blank_as_null(value: Any) -> Any:
    return None if value == "" else value


# Before a field for which an empty text means that it has no value.
BlankAsNull = BeforeValidator(_blank_as_null)
NoNul = AfterValidator(_without_nul)
Text = Annotated[str, Field(strict=True), NoNul]
LowerText = Annotated[str, AfterValidator(str.lower), NoNul]
Int = Annotated[int, Strict(), BeforeValidator(_whole)]
Guid = Annotated[UUID, BeforeValidator(_uuid)]
Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[datetime, BeforeValidator(_instant)]
Email = Annotated[str, Field(min_length=3, max_length=254), BeforeValidator(_email)]
Url = Annotated[str, Field(min_length=8, max_length=2048), BeforeValidator(_url)]
Phone = Annotated[str, BeforeValidator(_phone)]
Slug = Annotated[str, Field(min_length=1, max_length=100), BeforeValidator(_slug)]


def absent() -> Any:
    """The default of a key that may be left out: which ones were given, `model_fields_set` says."""
    return Field(default=None)


def distinct(values: list[Any]) -> list[Any]:
    """Refuses a list that names a value twice."""
    for index, value in enumerate(values):
        if value in values[:index]:
            raise _wrong("duplicate", f"{value} is in the list twice")
    return values


Distinct = AfterValidator(distinct)
