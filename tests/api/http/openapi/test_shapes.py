"""The schemas say exactly what is taken and answered, in words that JavaScript reads too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from schemathesis.specs.openapi.definitions import OPENAPI_31

from schemas.vocabulary import WORDS
from tests.fixtures.documented import validator_of

NAMES = Path(__file__).with_name("operation_names.txt")
# What Python's patterns say otherwise than JavaScript's, or JavaScript does not know: ends of a
# text, classes that take letters of other scripts, named groups and flags, possessive repetition.
PYTHON_ONLY = re.compile(r"\\[AZdwsDWSbB]|\\N\{|\(\?[aiLmsux#P]|\(\?>|[*+?}]\+")
# Fields whose name says a closed set, but for the few whose words grow with the service.
CLOSED = {
    "severity", "status", "kind", "state", "channel", "product", "route", "phase", "supervision",
    "disposition", "outcome", "op", "level", "direction", "roles", "days", "flags", "sort",
    "second_factor", "source", "factors", "clearance", "discharge", "highest_severity",
}  # fmt: skip
OPEN = {
    "EventOut.kind": "a line of the timeline",
    "EntryChangeOut.kind": "a kind of entry",
    "AttemptOut.outcome": "a word of the channel",
    "VitalsOut.flags": "made of the rules of vital signs",
    "InstrumentOut.source": "a citation",
}


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    return app.test_client().get("/openapi.json").get_json()


def schemas(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from document["components"]["schemas"].items()


def properties(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, schema in schemas(document):
        for field, shape in schema.get("properties", {}).items():
            yield name, field, shape


def parameters(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for part in item.values():
            for one in part if isinstance(part, list) else part.get("parameters", ()):
                yield path, one


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body with a media type: of requests, answers and refusals."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            for body in (operation.get("requestBody", {}), *operation["responses"].values()):
                for kind, media in body.get("content", {}).items():
                    yield f"{method} {path} {kind}", media
    for name, response in document["components"]["responses"].items():
        yield name, response["content"]["application/problem+json"]


def test_the_document_is_valid_and_so_is_each_schema(document: dict[str, Any]) -> None:
    jsonschema_rs.validate(OPENAPI_31, document)
    for _, schema in schemas(document):
        validator_of(document, schema)


def test_a_request_is_closed_and_an_answer_may_gain_fields(document: dict[str, Any]) -> None:
    requests = {
        media["schema"]["$ref"].rpartition("/")[2]
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters" and "requestBody" in operation
        for media in operation["requestBody"]["content"].values()
    }
    for name, schema in schemas(document):
        if name in requests:
            assert schema["additionalProperties"] is False, name
        elif name.endswith(("Out", "Page", "Problem", "Refused", "Upsert", "Deletion")):
            assert "additionalProperties" not in schema, name


def test_every_field_and_parameter_says_what_it_means(document: dict[str, Any]) -> None:
    """Else: a line in schemas/vocabulary.toml, or the field's metadata."""
    silent = [
        f"{name}.{field}"
        for name, field, shape in properties(document)
        if "description" not in shape
    ]
    assert not silent, "\n".join(silent)
    assert [one["name"] for _, one in parameters(document) if not one.get("description")] == []
    assert [name for name, schema in schemas(document) if not schema.get("description")] == []


def test_no_word_of_the_vocabulary_is_left_over(document: dict[str, Any]) -> None:
    known = {field for _, field, _ in properties(document)}
    known |= {one["name"] for _, one in parameters(document)}
    named = {key.rpartition(".")[2].lstrip("?") for key in WORDS}
    assert {name for name in named if name.islower()} <= known


def test_every_example_is_valid(document: dict[str, Any]) -> None:
    tried = 0
    for where, media in bodies(document):
        examples = [one["value"] for one in media.get("examples", {}).values()]
        for example in examples or ([media["example"]] if "example" in media else []):
            assert validator_of(document, media["schema"]).is_valid(example), where
            tried += 1
    for path, one in parameters(document):
        assert validator_of(document, one["schema"]).is_valid(one["example"]), (path, one["name"])
    for name, field, shape in properties(document):
        for example in shape.get("examples", ()):
            assert validator_of(document, shape).is_valid(example), (name, field)
            tried += 1
    assert tried > 300


def test_every_call_has_an_example_of_what_it_takes_and_answers(document: dict[str, Any]) -> None:
    without = [
        where
        for where, media in bodies(document)
        if "json" in where and "example" not in media and "examples" not in media
    ]
    assert without == ["get /openapi.json application/json"]


def test_every_pattern_means_the_same_to_javascript(document: dict[str, Any]) -> None:
    found = re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(document))
    assert found
    for pattern in {json.loads(one) for one in found}:
        assert pattern.startswith("^"), pattern
        assert PYTHON_ONLY.search(pattern) is None, pattern


def test_every_word_of_a_closed_set_is_an_enum(document: dict[str, Any]) -> None:
    bare = {
        f"{name}.{field}"
        for name, field, shape in properties(document)
        if field in CLOSED
        for one in (shape, shape.get("items", {}))
        if "string" in one.get("type", ()) and not {"enum", "const", "format"} & set(one)
    }
    assert bare == set(OPEN)


def test_the_items_of_a_sync_have_a_type_of_their_own(document: dict[str, Any]) -> None:
    items = document["components"]["schemas"]["SyncIn"]["properties"]["items"]["items"]
    discriminator = items["discriminator"]
    assert set(discriminator["mapping"].values()) == {one["$ref"] for one in items["oneOf"]}
    for kind, reference in discriminator["mapping"].items():
        shape = document["components"]["schemas"][reference.rpartition("/")[2]]
        assert shape["properties"][discriminator["propertyName"]]["const"] == kind


def test_null_is_documented_where_it_is_taken(document: dict[str, Any]) -> None:
    check_in = document["components"]["schemas"]["CheckInIn"]
    for field, shape in check_in["properties"].items():
        takes_null = validator_of(document, shape).is_valid(None)
        assert takes_null is (field not in check_in["required"]), field


def test_a_refresh_asks_for_the_refresh_token(document: dict[str, Any]) -> None:
    refresh = document["paths"]["/v1/auth/refresh"]["post"]
    assert refresh["security"] == [{"refresh": []}]
    assert "refresh" in document["components"]["securitySchemes"]


def test_the_name_of_a_call_never_changes(document: dict[str, Any]) -> None:
    """Clients are generated with it. A new call adds its line."""
    found = [
        f"{operation['operationId']} {method.upper()} {path}"
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert sorted(found) == NAMES.read_text("utf-8").splitlines()
