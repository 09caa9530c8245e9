"""SQL through sort, filter, cursor and path: what is sent never becomes words of a statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models.statements import Statement
from tests.builders.doors.sides import OWN, C, Sides, sides_of
from tests.builders.world import World
from tests.fixtures.documented import documented
from tests.fixtures.statements import statements_sent

MARK: Final = "zyzzyva"
SENT: Final = (
    f"{MARK}' OR '1'='1",
    f'{MARK}"; DROP TABLE users; --',
    f"1) UNION SELECT {MARK} FROM users --",  # noqa: S608 -- sent, and asked of nobody
    f"name DESC, (SELECT {MARK})",
    f"{MARK}%' ESCAPE '_",
    f"%({MARK})s $1 {{{MARK}}}",
    f"{MARK}\x00",
)


def questions(app: Flask) -> Iterator[tuple[str, str]]:
    """Every path of the document that answers a GET, with each of its query parameters."""
    for path, operations in documented(app).document["paths"].items():
        found = operations.get("get")
        if found is None or not path.startswith("/v1/"):
            continue
        for one in [*operations.get("parameters", ()), *found.get("parameters", ())]:
            if one.get("in") == "query":
                yield path, one["name"]


def filled(path: str, ids: Mapping[str, str]) -> str:
    for name, value in (ids | {"severity": "high", "language": "de", "code": "phq9"}).items():
        path = path.replace(f"{{{name}}}", value)
    return path


@pytest.fixture
def words(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The words of every statement that is sent, through SQLAlchemy or beside it."""
    found: list[str] = []
    send = Statement.send

    def noting(self: Statement, *given: Any) -> None:
        found.append(self.text)
        send(self, *given)

    monkeypatch.setattr(Statement, "send", noting)
    with statements_sent(app) as sent:
        yield found
        found += [one.text for one in sent]
    assert found, "nothing was asked"
    assert [one for one in found if MARK in one] == []


@pytest.fixture
def sides(world: World) -> Sides:
    return sides_of(C, world)


def test_no_query_parameter_becomes_words(app: Flask, sides: Sides, words: list[str]) -> None:
    client, asked = FlaskClient(app), 0
    for path, name in questions(app):
        for value in SENT:
            address = f"{filled(path, sides.things[OWN])}?{name}={quote(value)}"
            seen = [
                client.get(address, headers=by.headers)
                for by in (sides.caller, sides.admin, sides.pat)
            ]
            assert {one.status_code for one in seen} <= {200, 304, 403, 404, 422}, (path, name)
            assert not any(MARK in one.text for one in seen), (path, name)
            asked += len(seen)
    assert asked > 500


@pytest.mark.parametrize("value", [one for one in SENT if "\x00" not in one])
def test_no_part_of_a_path_becomes_words(
    app: Flask, sides: Sides, words: list[str], value: str
) -> None:
    client, tried = FlaskClient(app), 0
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/v1/") or not rule.arguments:
            continue
        address = rule.rule
        for name in rule.arguments:
            address = _with(address, name, quote(value, safe=""))
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            answer = client.open(address, method=method, json={}, headers=sides.caller.headers)
            assert answer.status_code in (401, 403, 404, 405, 415, 422), (method, rule.rule)
            tried += 1
    assert tried > 50


def _with(address: str, name: str, value: str) -> str:
    begin = address.index(f"{name}>")
    return address[: address.rindex("<", 0, begin)] + value + address[begin + len(name) + 1 :]
