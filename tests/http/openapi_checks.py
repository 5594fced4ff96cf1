"""What schemathesis has to know besides the description: how lines of JSON look, and the few things that a schema
can't say of what the server takes and refuses. Anything else that differs from the description is a failure."""

import json
import zlib
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from urllib.parse import parse_qsl, urlsplit

import schemathesis
from hypothesis import strategies
from jsonschema_rs import validator_for
from schemathesis.core.failures import AcceptedNegativeData
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

# Refusals of what fits the schema: where they are said (of a list, of any element), and how they begin.
BEYOND_SCHEMAS = [
    (["query", "page_token"], "page_token must be next_page_token of the previous page"),
    # The log's end moves.
    (["query"], "position "),
    (["body", "occurred_at"], "occurred_at must be at most 600 seconds in the future"),
    # One parameter needs another.
    (["query", "product_name"], "product_name is required if version is set"),
    (["query", "version"], "version is required if product_name is set"),
    (["query", "version"], "version must not be set together with scm_sha"),
    (["query", "include_readiness"], "include_readiness is required if readiness_environment_name is set"),
    # A version is named in one of several ways.
    (["query", "id"], "id is required unless "),
    (["query", "id"], "id must not be set together with "),
    # A span and its parts.
    (["query", "start_at"], "start_at "),
    (["query", "end_at"], "end_at "),
    (["query", "bucket"], "bucket is too narrow: "),
    (["query", "time_zone"], "time_zone "),
    # Of the words of a status only some end a build.
    (["query", "duration_statuses"], "duration_statuses["),
    (["query", "environment_names"], "environment_names"),
    # Bytes, and levels of JSON.
    (["body", "scm_branch"], "scm_branch must have at most 2048 bytes"),
    (["body", "scm_repository"], "scm_repository must have at most 2048 bytes"),
    (["body", "extra_metadata"], "extra_metadata "),
    # Whole numbers written as 1e17: beyond 2^53 they may have lost digits.
    (["body", "counts"], "counts must have whole numbers"),
    # Without a version, the commit must have 7 characters.
    (["body", "scm_sha"], "scm_sha must have at least 7 characters unless version is set"),
]


@schemathesis.serializer("application/x-ndjson")
def as_lines(ctx, value):
    return value if isinstance(value, str) else json.dumps(value)


@schemathesis.check
def takes_what_fits(ctx, response, case):
    try:
        return positive_data_acceptance(ctx, response, case)
    except RejectedPositiveData:
        detail = response.json()["detail"]
        faults = detail if isinstance(detail, list) else [{"loc": [], "msg": detail}]
        if not all(is_beyond_schemas(fault) for fault in faults):
            raise


def is_beyond_schemas(fault):
    return any(fault["loc"][: len(loc)] == loc and fault["loc"][len(loc) + 1 :] == [] and fault["msg"].startswith(begin) for loc, begin in BEYOND_SCHEMAS)


@schemathesis.check
def refuses_what_does_not_fit(ctx, response, case):
    try:
        return negative_data_rejection(ctx, response, case)
    except AcceptedNegativeData:
        if not is_refused_in_place(response) and not fits_when_trimmed(response.request, case):
            raise


def is_refused_in_place(response):
    """Of many events each is refused by itself: a bad event does not affect the others."""
    return any("error" in result for result in response.json().get("results", []))


def fits_when_trimmed(request, case):
    """White space around a text does not count, and an empty text counts as left out."""
    definition = case.operation.definition.raw
    body = trimmed(json.loads(request.body)) if request.body else None
    queries = {}
    for name, text in parse_qsl(urlsplit(request.url).query):
        if text.strip():
            queries.setdefault(name, []).append(text.strip())
    headers = {name: [text.strip()] for name, text in request.headers.items() if text.strip()}
    for parameter in definition.get("parameters", []):
        name, schema = parameter["name"], parameter["schema"]
        if parameter["in"] == "query":
            given = queries.pop(name, [])
        elif parameter["in"] == "header":
            # An event's own id goes before that of the header.
            given = [] if body and body.get("event_id") else headers.get(name, [])
        else:
            continue
        if schema["type"] == "array":
            given = [part for text in given for part in text.split(",")]
            schema = schema["items"]
        elif len(given) > 1:
            return False
        if not given and parameter["required"]:
            return False
        if not all(fits(schema, text, case) or fits(schema, parsed(text), case) for text in given):
            return False
    if queries:
        return False
    return body is None or fits(body_schema(definition), body, case)


def trimmed(value):
    if isinstance(value, dict):
        members = {name: trimmed(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member != ""}
    if isinstance(value, list):
        return [trimmed(element) for element in value]
    return value.strip() if isinstance(value, str) else value


def parsed(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def body_schema(definition):
    return definition["requestBody"]["content"]["application/json"]["schema"]


def fits(schema, value, case):
    components = case.operation.schema.raw_schema["components"]
    return validator(json.dumps({**schema, "components": components})).is_valid(value)


@cache
def validator(schema):
    return validator_for(json.loads(schema), validate_formats=True)


@schemathesis.hook
def map_query(ctx, query):
    """Made-up tokens are always refused, whatever else is asked for: most are left out."""
    token = (query or {}).get("page_token")
    if isinstance(token, str) and zlib.crc32(token.encode()) % 8:
        del query["page_token"]
    return query


def lines():
    words = ["version_event", "deployment_event", "check_event", "other"]
    names = strategies.sampled_from(["my-service", "other-service", "", " "])
    statuses = strategies.sampled_from(["passed", "failed", "unheard-of"])
    event = strategies.fixed_dictionaries(
        {"product_name": names, "version": strategies.text(max_size=20), "status": statuses},
        optional={"environment_name": names, "check_name": names, "kind": strategies.just("test")},
    )
    entry = strategies.fixed_dictionaries({"type": strategies.sampled_from(words), "body": event})
    return strategies.lists(entry.map(json.dumps), min_size=1, max_size=20).map("\n".join)


def times():
    """Mostly of the past, as events are."""
    zones = strategies.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
    past = strategies.datetimes(datetime(1970, 1, 2), datetime.now() - timedelta(days=1), timezones=zones)
    # The last moment that the server knows of lies two days before the year's end.
    later = strategies.datetimes(datetime(2, 1, 1), datetime(9999, 12, 29), timezones=zones)
    return strategies.one_of(past, past, past, later).map(datetime.isoformat)


schemathesis.openapi.format("ndjson", lines())
schemathesis.openapi.format("date-time", times())
