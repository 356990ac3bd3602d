"""Yours: routes, middleware and handlers beside the generated ones. This file is written once, and never again."""

from fastapi import FastAPI


def extend(app: FastAPI) -> None:
    """Called when the application is made."""
