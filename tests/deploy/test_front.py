"""nginx and HAProxy know the routes, limits and languages of this version."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from api.front.command import KILLED_AFTER_S
from api.front.front import LOG_IN
from api.http.auth import NEAR_CRISIS_ROUTE
from api.http.card_files import STATUSES
from api.settings import Settings
from models.database import ENGINE_OPTIONS
from services.rules.languages.texts import ENGLISH, TEXTS
from tests.builders.settings import GOOD_KEY
from tests.deploy.reading import read

NGINX = read("nginx", "interlude.conf")
BALANCER = read("haproxy", "web.cfg")
MEGABYTE = 1_048_576


def seconds(text: str, setting: str) -> float:
    """A length of time that stands once in a text."""
    (found,) = re.findall(rf"(?m)^ *{setting} (\d+)s", text)
    return float(found)


def location(pattern: str) -> str:
    """What stands in a location of nginx's configuration."""
    found = re.search(rf"location (?:~ |= )?{re.escape(pattern)} \{{\n(.*?)\n    \}}", NGINX, re.S)
    assert found, pattern
    return found[1]


CRISIS = location(f"^{NEAR_CRISIS_ROUTE.pattern}$")


def test_exactly_the_crisis_routes_have_the_card(app: Flask) -> None:
    """The location is the service's own pattern; every route that is marked is in it."""
    marked, others = set(), set()
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        address = re.sub(r"<[^>]*>", "an-id", rule.rule)
        if getattr(view, "is_crisis_route", False):
            marked.add(address)
        elif "POST" in (rule.methods or ()):
            others.add(address)
    assert marked
    assert {one for one in marked if not NEAR_CRISIS_ROUTE.fullmatch(one)} == set()
    assert {one for one in others if NEAR_CRISIS_ROUTE.fullmatch(one)} == set()


def test_each_refusal_of_nginx_on_a_crisis_route_has_a_file() -> None:
    (line,) = re.findall(r"error_page ([\d ]+) /\.refused/crisis/\$status\.json;", CRISIS)
    assert [int(word) for word in line.split()] == list(STATUSES)
    assert {413, 429, 502, 503, 504} <= set(STATUSES)
    assert "application/problem+json" in location("/.refused/crisis/")


def test_what_the_service_reads_to_find_danger_passes() -> None:
    settings = Settings(GOOD_KEY)
    (crisis,) = re.findall(r"client_max_body_size (\d+)m;", CRISIS)
    assert int(crisis) * MEGABYTE >= settings.max_drain_bytes
    (ordinary,) = set(re.findall(r"client_max_body_size (\d+)m;", NGINX)) - {crisis}
    assert int(ordinary) * MEGABYTE >= settings.max_body_bytes


def test_the_languages_are_those_of_the_cards() -> None:
    block = re.search(r"map \$http_accept_language .*?\n\}", NGINX, re.S)
    assert block
    known = re.findall(r"~\*\^(\w\w) \1;", block[0])
    assert {*known, ENGLISH.language} == set(TEXTS)
    assert f"default {ENGLISH.language};" in block[0]


def test_crisis_routes_go_to_who_is_alive_all_else_to_who_is_ready() -> None:
    assert "proxy_pass http://interlude_crisis;" in CRISIS
    for name, pool, probe in (
        ("crisis", "crisis", "/healthz"),
        ("ordinary", "ordinary", "/readyz"),
    ):
        (upstream,) = re.findall(rf"upstream interlude_{name} \{{\n +server (\S+);", NGINX)
        frontend = re.search(rf"frontend interlude_{name} .*?(?=\n\n\w)", BALANCER, re.S)
        backend = re.search(rf"backend {pool} .*?(?=\n\n|\Z)", BALANCER, re.S)
        assert frontend
        assert backend
        assert f"bind {upstream}\n" in frontend[0]
        assert f"default_backend {pool}" in frontend[0]
        assert f"uri {probe}\n" in backend[0]


def test_a_silent_process_is_given_up_between_its_own_end_and_that_of_nginx() -> None:
    """A process has time for its own answer, then another one, and nginx waits for both."""
    crisis = re.search(r"backend crisis .*?(?=\n\n)", BALANCER, re.S)
    assert crisis
    given_up_s = seconds(crisis[0], "timeout server")
    (statement_ms,) = re.findall(
        r"statement_timeout=(\d+)", ENGINE_OPTIONS["connect_args"]["options"]
    )
    assert int(statement_ms) / 1000 < given_up_s
    assert given_up_s > KILLED_AFTER_S
    (retries,) = re.findall(r"retries (\d)", crisis[0])
    both_s = (1 + int(retries)) * given_up_s
    assert both_s == seconds(crisis[0], "http-request set-timeout server")
    assert both_s < seconds(read("nginx", "proxy.conf"), "proxy_read_timeout")
    # Sent again is only what it kept; who is taken for down finishes what it has.
    (again,) = re.findall(r"retry-on (.*)", crisis[0])
    assert {"response-timeout", "empty-response", "503"} <= set(again.split())
    assert "option http-buffer-request" in crisis[0]
    assert "shutdown-sessions" not in crisis[0]


def test_figures_stay_inside() -> None:
    assert location("/metrics").strip() == "return 404;"


@pytest.mark.parametrize("path", ["/a", "/a/an-id", "/console", "/app/files/x.js"])
def test_pages_of_people_are_answered_in_words(path: str) -> None:
    (pattern,) = re.findall(r"location ~ (\^/\(a\|\S*)", NGINX)
    assert re.match(pattern, path)
    assert "/.refused/page.html" in location(pattern)
    assert not re.match(pattern, "/alive")
    assert LOG_IN.fullmatch("/a/an-id/log-in")
