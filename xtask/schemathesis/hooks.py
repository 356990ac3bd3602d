"""What a generator of requests can't know of an API whose rules look at other rows."""

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
    # What a later request of the same scenario needs must not be left out of the reply.
    stateful = case.meta is not None and case.meta.phase.name.value == "stateful"
    if stateful and case.query and "fields" in case.query:
        del case.query["fields"]


@schemathesis.check
def refused_for_no_reason_of_the_schema(context, response, case):
    """422 to a request that fits the schema is right only for a reason that no schema can say."""
    if response.status_code != 422 or not is_positive(case):
        return None
    codes = {error["code"] for error in response.json().get("errors", [])}
    unexplained = codes - BEYOND_THE_SCHEMA
    assert codes and not unexplained, f"the request fits the schema and is refused: {unexplained or response.text}"
