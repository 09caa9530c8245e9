"""The document is complete: every route, its refusals, its names; and it can be read offline."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.http.openapi.refusals import NAMED_CALLS
from api.http.problems import FRAMEWORK, MEDIA_TYPE, TABLE

METHODS = ("get", "post", "put", "patch", "delete")
# Pages for people, not calls for programs.
PAGES = ("/static/", "/a/", "/a", "/app", "/console")


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    return app.test_client().get("/openapi.json").json


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, item[method])
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def test_it_is_openapi_3_1_with_a_bearer_scheme(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert document["security"] == [{"bearer": []}]
    assert document["servers"]


def test_every_route_is_documented(app: Flask, document: dict[str, Any]) -> None:
    known = {(path, method) for path, method, _ in operations(document)}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>", r"{\1}", rule.rule)
        for method in {m.lower() for m in rule.methods or ()} & set(METHODS):
            assert (path, method) in known or path == "/" or path.startswith(PAGES), (
                f"{method} {path}"
            )


def test_every_operation_has_a_name_of_its_own_a_summary_and_a_known_tag(
    document: dict[str, Any],
) -> None:
    found = operations(document)
    names = [operation["operationId"] for _, _, operation in found]
    assert len(names) == len(set(names))
    tags = {tag["name"] for tag in document["tags"] if tag["description"]}
    for path, method, operation in found:
        assert operation.get("summary"), f"{method} {path}"
        assert set(operation["tags"]) <= tags, f"{method} {path}: {operation['tags']}"


def test_every_operation_documents_a_success_and_the_refusals_of_its_kind(
    app: Flask, document: dict[str, Any]
) -> None:
    for path, method, operation in operations(document):
        answers = set(operation["responses"])
        assert any(status.startswith("2") for status in answers), f"{method} {path}"
        if not path.startswith("/v1/"):
            continue
        assert "503" in answers
        if operation.get("security") != []:
            assert "401" in answers, f"{method} {path}"
        if "requestBody" in operation:
            assert {"400", "408", "413", "415", "422"} <= answers, f"{method} {path}"
        if "{" in path:
            assert "404" in answers, f"{method} {path}"


def test_the_refusals_of_a_call_are_its_own(document: dict[str, Any]) -> None:
    """A sample, written down a second time: what belongs to few calls is documented there only."""
    found = {
        operation["operationId"]: codes(document, operation)
        for _, _, operation in operations(document)
    }

    def knows(code: str) -> set[str]:
        return {name for name, known in found.items() if code in known}

    assert knows("second_factor_required") == knows("choose_clinic") == {"post_login"}
    assert knows("drill_running") == {"post_drill"}
    assert knows("last_admin") == {"patch_user"}
    assert knows("open_alert") == {"patch_patient", "post_erasure", "confirm_erasure"}
    assert knows("adults_only") == {"post_invitation", "post_patient", "patch_patient"}
    assert knows("not_followed") == {
        "post_check_in", "post_amendment", "post_side_effects", "post_effects_amendment"
    }  # fmt: skip
    assert {"content_conflict", "id_taken"} <= found["post_check_in"]
    assert not {"content_conflict", "forbidden", "not_found"} & found["get_own_account"]
    crisis = {"post_check_in", "post_amendment", "post_side_effects", "post_effects_amendment"}
    v1 = {o["operationId"] for path, _, o in operations(document) if path.startswith("/v1/")}
    assert v1 - knows("wrong_host") == crisis | {"post_help_request", "post_sync"}


def test_a_rule_of_refusals_names_no_call_that_is_not_there(document: dict[str, Any]) -> None:
    names = {operation["operationId"] for _, _, operation in operations(document)}
    assert names >= NAMED_CALLS


def codes(document: dict[str, Any], operation: dict[str, Any]) -> set[str]:
    """What a call can be refused with."""
    return {
        code
        for status, answer in operation["responses"].items()
        if status.startswith(("4", "5"))
        for code in problem_codes(document, answer)
    }


def problem_codes(document: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    """The codes of one status, each of which has a schema."""
    shape = resolved(document, answer)["content"][MEDIA_TYPE]["schema"]
    shapes = [resolved(document, one) for one in shape.get("oneOf", [shape])]
    return [one["properties"]["code"]["const"] for one in shapes]


@pytest.mark.parametrize("path", ["/v1/alerts", "/v1/changes"])
def test_what_is_polled_documents_its_query_and_its_tag(
    document: dict[str, Any], path: str
) -> None:
    item = document["paths"][path]
    asked = {(one["in"], one["name"]) for one in item["get"]["parameters"] + item["parameters"]}
    assert asked >= {("query", "limit"), ("query", "cursor"), ("header", "If-None-Match")}
    assert "ETag" in item["get"]["responses"]["200"]["headers"]
    assert "304" in item["get"]["responses"]


def test_a_success_with_a_body_has_a_schema(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status.startswith("2") and status != "204":
                content = answer.get("content", {})
                assert content, f"{method} {path} {status}"
                assert all(media.get("schema") for media in content.values())


def test_every_refusal_is_a_problem_document_with_its_codes(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        for status, answer in operation["responses"].items():
            if not status.startswith(("4", "5")):
                continue
            found = resolved(document, answer)
            assert list(found["content"]) == [MEDIA_TYPE], f"{method} {path} {status}"
            media = found["content"][MEDIA_TYPE]
            examples = media.get("examples") or {"unavailable": {"value": media["example"]}}
            assert list(examples) == problem_codes(document, answer), f"{method} {path} {status}"
            assert {one["value"]["status"] for one in examples.values()} == {int(status)}


def test_every_stable_code_can_be_found_in_the_document(document: dict[str, Any]) -> None:
    known = {code for _, code, _ in TABLE.values()} | {code for code, _, _ in FRAMEWORK.values()}
    found = [codes(document, operation) for _, _, operation in operations(document)]
    assert set().union(*found) == known


def resolved(document: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """What a reference inside the document points to; fails when there is nothing."""
    if "$ref" not in node:
        return node
    found: Any = document
    for key in node["$ref"].removeprefix("#/").split("/"):
        found = found[key]
    return found


def test_the_document_refers_only_to_what_it_holds(document: dict[str, Any]) -> None:
    found = set(re.findall(r'"\$ref":\s*"([^"]+)"', json.dumps(document)))
    assert found
    for reference in found:
        assert resolved(document, {"$ref": reference})


def test_the_docs_page_needs_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    used = re.findall(r'(?:src|href)="([^"]+)"', page.get_data(as_text=True))
    assert len(used) >= 5
    for path in used:
        with client.get(urljoin("http://localhost/docs", path)) as answer:
            assert answer.status_code == 200, path


@pytest.mark.parametrize("prefix", ["", "/ward/in"])
def test_the_docs_page_works_below_a_path_of_the_proxy(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    """A browser takes what the page names from below the page's own address."""
    at = f"https://interlude.test{prefix}"
    settings = replace(app.config["INTERLUDE"], public_url=at)
    monkeypatch.setitem(app.config, "INTERLUDE", settings)
    page = client.get("/docs").get_data(as_text=True)
    script = client.get("/docs/start.js").get_data(as_text=True)
    used = re.findall(r'(?:src|href)="([^"]+)"', page) + re.findall(r'url: "([^"]+)"', script)
    assert len(used) >= 6
    for path in used:
        assert urljoin(f"{at}/docs", path).startswith(f"{at}/"), path
    (server,) = client.get("/openapi.json").json["servers"]
    assert server["url"] == (prefix or "/")


def test_the_docs_serve_nothing_else_of_the_machine(client: FlaskClient) -> None:
    for asset in ("..%2f__init__.py", "oauth2-redirect.html", "VERSION"):
        assert client.get(f"/docs/{asset}").status_code == 404
