"""What all that is done for a request knows of it."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
