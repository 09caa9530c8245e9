"""The files of the reference phone: what is served, under which headers, and what they never do."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import urljoin

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.phone_app import CACHED, FILES
from services.rules.languages.texts import ENGLISH, TEXTS

SCRIPTS = {name: content.decode() for name, content in FILES.items() if name.endswith(".js")}
# Ways to make markup of what somebody wrote.
MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|Function\("
)
# A word that is shown, and one that counts something.
SHOWN = re.compile(r'\bwords\.(?!js\b)(\w+)|(?:say|beside|below)\(\[?"(\w+)"')
COUNTED = re.compile(r'\bcounted\("(\w+)"')
IMPORTED = re.compile(r'(?:from|import) "(\.[^"]+)"')


def test_every_file_comes_under_a_policy_that_allows_only_our_own(client: FlaskClient) -> None:
    for name in ["", *FILES]:
        answer = client.get(f"/app/{name}")
        assert answer.status_code == 200, name
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        sources = {word for part in policy.split("; ") for word in part.split(" ")[1:]}
        assert sources == {"'none'", "'self'"}
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        kept = {"If-None-Match": answer.headers["ETag"]}
        assert client.get(f"/app/{name}", headers=kept).status_code == 304


@pytest.mark.parametrize("name", ["x", "__init__.py", "../__init__.py", "screens", "screens/x.js"])
def test_nothing_else_is_served(client: FlaskClient, name: str) -> None:
    assert client.get(f"/app/{name}").status_code == 404


def test_the_worker_keeps_all_that_the_app_is_made_of(client: FlaskClient) -> None:
    worker = client.get("/app/sw.js").text
    assert json.dumps(CACHED) in worker.partition("\n")[0]
    assert {*CACHED, "index.html", "sw.js"} == {"./", *FILES}
    for name, script in SCRIPTS.items():
        for imported in IMPORTED.findall(script):
            assert urljoin(f"/{name}", imported).lstrip("/") in CACHED, (name, imported)


def test_the_manifest_names_icons_that_are_there(client: FlaskClient) -> None:
    manifest = json.loads(client.get("/app/app.webmanifest").text)
    assert (manifest["scope"], manifest["display"]) == ("./", "standalone")
    for icon in manifest["icons"]:
        assert FILES[icon["src"]].startswith(b"\x89PNG")


def test_the_bare_address_leads_into_the_folder(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for prefix in ("", "/ward"):
        at = replace(app.config["INTERLUDE"], public_url=f"http://localhost{prefix}")
        monkeypatch.setitem(app.config, "INTERLUDE", at)
        assert client.get("/app").headers["Location"] == f"{prefix}/app/"


def test_no_script_makes_markup_or_calls_somebody_else() -> None:
    for name, script in SCRIPTS.items():
        assert not MARKUP.search(script), name
        urls = set(re.findall(r"https?://[^\"'\s)]+", script))
        assert urls <= {"http://www.w3.org/2000/svg", "https://findahelpline.com"}, name


def test_the_words_promise_no_reader() -> None:
    words = " ".join(ENGLISH.app.values()).casefold()
    assert not re.search(r"\bsafe|we watch|we will call|somebody will|we read", words)


def test_the_app_has_the_words_that_it_shows_and_no_others() -> None:
    source = " ".join(script for name, script in SCRIPTS.items() if name != "languages.js")
    shown = {name for pair in SHOWN.findall(source) for name in pair if name}
    by_count = {f"{name}_{end}" for name in COUNTED.findall(source) for end in ("one", "more")}
    by_state = {f"state_{state}" for state in ("waiting", "sent", "stored", "refused")}
    by_state |= {f"time_{time}" for time in ("written", "sent", "arrived")}
    assert shown | by_count | by_state <= ENGLISH.app.keys()
    quoted = set(re.findall(r'"([a-z_0-9]+)"', source))
    others = ENGLISH.app.keys() - shown - by_count - by_state - quoted
    assert others == {"reminder_title", "reminder_body"}


def test_the_words_are_those_that_the_clinics_review() -> None:
    document = SCRIPTS["languages.js"].removeprefix("export const LANGUAGES = ").removesuffix(";\n")
    languages = json.loads(document)
    assert list(languages) == list(TEXTS)
    assert all(languages[code]["words"] == dict(texts.app) for code, texts in TEXTS.items())
