"""What a generator of requests can't know of an API whose rules look at other rows."""

import re
import uuid

import schemathesis

# Refusals of a request that fits the schema: they depend on what other rows hold, or on rules of the design.
BEYOND_THE_SCHEMA = {"not-found", "check", "unique", "in-use", "condition-unmet", "illegal-move"}


def is_positive(case):
    return case.meta is not None and case.meta.generation.mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    # A key belongs to one request; one that the generator repeats would be refused as another request's.
    if is_positive(case) and case.headers and "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    # A cursor is what a page gave, and nothing that a generator could make up.
    if is_positive(case) and case.query and "cursor" in case.query:
        del case.query["cursor"]
    # Its generator of boundary values takes the quotes for JSON's, and strips them.
    tag = case.headers.get("If-Match") if case.headers else None
    if is_positive(case) and tag and not tag.startswith('"'):
        case.headers["If-Match"] = f'"{tag}"'
    # What a later request of the same scenario needs must not be left out of the reply.
    stateful = case.meta is not None and case.meta.phase.name.value == "stateful"
    if stateful and is_positive(case) and case.query and "fields" in case.query:
        del case.query["fields"]


@schemathesis.check
def refused_for_no_reason_of_the_schema(context, response, case):
    """422 to a request that fits the schema is right only for a reason that no schema can say."""
    if response.status_code != 422 or not is_positive(case):
        return None
    # Errors in a shape of the design's own need not say their codes.
    if not response.headers.get("content-type", [""])[0].startswith("application/problem+json"):
        return None
    errors = response.json().get("errors", [])
    unexplained = [error for error in errors if error["code"] not in BEYOND_THE_SCHEMA and not is_bound_of_a_date(case, error)]
    assert errors and not unexplained, f"the request fits the schema and is refused: {unexplained or response.text}"


def is_bound_of_a_date(case, error):
    """JSON Schema bounds numbers; days and instants are text."""
    value = case.body
    for key in error.get("pointer", "").split("/")[1:]:
        value = value[int(key)] if isinstance(value, list) else value.get(key)
    bound = error["code"] in ("too-small", "too-large")
    return bound and isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value) is not None
