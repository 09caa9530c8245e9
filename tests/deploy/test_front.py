"""nginx and HAProxy know the routes, limits and languages of this version."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from api.front.front import LOG_IN
from api.front.watchdog import LOOK_S
from api.http.auth import NEAR_CRISIS_ROUTE
from api.http.card_files import STATUSES
from api.settings import Settings
from services.rules.languages.texts import ENGLISH, TEXTS
from tests.builders.settings import GOOD_KEY
from tests.deploy.reading import DEPLOY, read, values
from tests.house.tree import PROJECT

NGINX = read("nginx", "interlude.conf")
BALANCER = read("haproxy", "web.cfg")
MEGABYTE = 1_048_576


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


def test_who_is_taken_for_down_finishes_what_it_has_and_the_rest_is_sent_again() -> None:
    crisis = re.search(r"backend crisis .*?(?=\n\n)", BALANCER, re.S)
    assert crisis
    assert "shutdown-sessions" not in crisis[0]
    (again,) = re.findall(r"retry-on (.*)", crisis[0])
    # Not what is slow: in an overload every request would come twice.
    assert set(again.split()) == {"conn-failure", "empty-response", "503"}
    assert "option http-buffer-request" in crisis[0]


def test_systemd_ends_a_process_that_cannot_end_itself() -> None:
    """Later than it would itself, and while a phone still waits for its answer."""
    unit = DEPLOY / "systemd" / "interlude-web@.service"
    (watchdog_s,) = map(int, values(unit, "WatchdogSec"))
    phone = (PROJECT / "api/phone_app/files/api.js").read_text(encoding="utf-8")
    (phone_waits_ms,) = re.findall(r"PATIENCE_MS = ([\d_]+);", phone)
    assert Settings(GOOD_KEY).deaf_s + LOOK_S < watchdog_s < int(phone_waits_ms) / 1000
    assert values(unit, "Type") == ["notify"]
    assert values(unit, "NotifyAccess") == ["all"]
    # Any other may wait for a process that hangs.
    assert values(unit, "WatchdogSignal") == ["SIGKILL"]


def test_figures_stay_inside() -> None:
    assert location("/metrics").strip() == "return 404;"


@pytest.mark.parametrize("path", ["/a", "/a/an-id", "/console", "/app/files/x.js"])
def test_pages_of_people_are_answered_in_words(path: str) -> None:
    (pattern,) = re.findall(r"location ~ (\^/\(a\|\S*)", NGINX)
    assert re.match(pattern, path)
    assert "/.refused/page.html" in location(pattern)
    assert not re.match(pattern, "/alive")
    assert LOG_IN.fullmatch("/a/an-id/log-in")
