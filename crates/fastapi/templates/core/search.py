"""Words that are searched for: each as the beginning of a word."""

import unicodedata

from sqlalchemy import ColumnElement, column, func, literal_column, select, table
from sqlalchemy.orm import InstrumentedAttribute

from app.core.database import is_sqlite

_MOST_WORDS = 16


def _words(text: str) -> list[str]:
    """Letters and digits; the letters a to z without accents, and no accents on their own."""
    plain, is_latin = [], False
    for letter in unicodedata.normalize("NFD", text):
        is_accent = "\u0300" <= letter <= "\u036f"
        is_latin = (letter.isascii() and letter.isalpha()) or (is_latin and is_accent)
        if letter.isascii() or not is_latin:
            plain.append(letter)
    composed = unicodedata.normalize("NFC", "".join(plain))
    kept = "".join(letter for letter in composed if not "\u0300" <= letter <= "\u036f")
    spaced = "".join(letter if letter.isalnum() else " " for letter in kept)
    return spaced.split()[:_MOST_WORDS]


def matches(text: str, of: str, id_: InstrumentedAttribute[object]) -> ColumnElement[bool]:
    """Rows of a table whose searchable columns have all of the words."""
    words = _words(text)
    if is_sqlite:
        query = " ".join(f'"{word}"*' for word in words) or '""'
        index = table(f"{of}_search", column("id"), column(f"{of}_search"))
        return id_.in_(select(index.c.id).where(index.c[f"{of}_search"].op("MATCH")(query)))
    query = " & ".join(f"'{word}':*" for word in words)
    indexed: ColumnElement[str] = literal_column(f"{of}.search_words")
    return indexed.bool_op("@@")(func.to_tsquery(literal_column("'simple'"), query))
