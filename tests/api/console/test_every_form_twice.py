"""Every form of the console and of /a: sent twice, and sent from a page that is too old.

A double press, Back and send, a tab that was left open: what such a form may do stands in one
table, which has a row for every form, or the gate fails.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any, Final

import pytest
from flask import Flask

from tests.builders.pages.clerk import fields_of
from tests.builders.pages.console import Console, console_of
from tests.builders.pages.twice.meanwhile import MEANWHILE
from tests.builders.pages.twice.scene import ALERT, METHOD, PATIENT, FormScene
from tests.builders.pages.twice.stories import STORIES

# What a second press does.
ONCE: Final = "the form's id makes it once"
SAME: Final = "it says what shall be, and that is so already"
REFUSED: Final = "the second is refused, and nothing is made by it"
NEWEST: Final = "another code, and the newest counts"
ASKS: Final = "another question to one's own passkey, each good once, for minutes"
SENT: Final = "another message to oneself, within a limit"
EACH: Final = "recorded with its reason each time, within a limit; the hour ends as it would have"
# What an older page does.
SHOWN: Final = "refused where somebody has changed it since, with what stands there now"
ADDS: Final = "it adds, and undoes nothing"
AIMED: Final = "it is about one thing by its id, and does what its button says"
OWN: Final = "about the sender alone"

ACCOUNT: Final = "/console/account"
RIGHTS: Final = "/console/clinic/rights/erasures/<uuid:erasure_id>"
SIGN_IN: Final = "/console/oidc/<uuid:clinic_id>/code"
ROWS: Final[Mapping[str, tuple[str, str]]] = {
    "/console/log-in": (REFUSED, OWN),
    "/console/log-out": (SAME, OWN),
    "/console/demo": (SAME, OWN),
    "/console/join": (REFUSED, OWN),
    SIGN_IN: (REFUSED, OWN),
    f"{ACCOUNT}/second-factor": (NEWEST, OWN),
    f"{ACCOUNT}/second-factor/confirm": (REFUSED, OWN),
    f"{ACCOUNT}/second-factor/recovery-codes": (REFUSED, OWN),
    f"{ACCOUNT}/second-factor/remove": (REFUSED, OWN),
    f"{ACCOUNT}/passkeys": (ASKS, OWN),
    f"{ACCOUNT}/passkeys/challenge": (ASKS, OWN),
    f"{ACCOUNT}/passkeys/confirm": (REFUSED, OWN),
    f"{ACCOUNT}/passkeys/<uuid:passkey_id>/remove": (REFUSED, OWN),
    f"{ACCOUNT}/sessions/<uuid:session_id>/end": (REFUSED, OWN),
    f"{ACCOUNT}/sessions/end-others": (SAME, OWN),
    "/console/new-patient": (REFUSED, ADDS),
    "/console/break-glass": (EACH, ADDS),
    "/console/clinic/staff/invitations": (NEWEST, ADDS),
    "/console/clinic/staff/<uuid:user_id>/roles": (SAME, SHOWN),
    "/console/clinic/staff/<uuid:user_id>/active": (SAME, AIMED),
    "/console/clinic/staff/<uuid:user_id>/reset-factor": (REFUSED, AIMED),
    "/console/clinic/chain/contacts": (ONCE, ADDS),
    "/console/clinic/chain/contacts/<uuid:contact_id>/remove": (REFUSED, AIMED),
    "/console/clinic/chain/last-resort": (SAME, SHOWN),
    "/console/clinic/chain/test-page": (REFUSED, ADDS),
    "/console/clinic/chain/policies/<severity>": (SAME, SHOWN),
    "/console/clinic/settings": (SAME, SHOWN),
    f"{RIGHTS}/confirm": (SAME, AIMED),
    f"{RIGHTS}/withdraw": (SAME, AIMED),
    f"{ALERT}/acknowledge": (SAME, SHOWN),
    f"{ALERT}/contact": (ONCE, ADDS),
    f"{ALERT}/note": (ONCE, ADDS),
    f"{ALERT}/hand-over": (ONCE, ADDS),
    f"{ALERT}/resolve": (SAME, SHOWN),
    f"{ALERT}/feedback": (SAME, OWN),
    "/console/on-call/overrides": (ONCE, ADDS),
    "/console/on-call/overrides/<uuid:schedule_id>/<uuid:override_id>/end": (REFUSED, AIMED),
    "/console/on-call/swaps": (ONCE, SHOWN),
    "/console/on-call/schedules/new": (ONCE, ADDS),
    "/console/on-call/schedules/<uuid:schedule_id>": (SAME, SHOWN),
    "/console/on-call/schedules/<uuid:schedule_id>/end": (REFUSED, AIMED),
    "/console/on-call/links": (ONCE, ADDS),
    "/console/on-call/links/<uuid:link_id>/revoke": (REFUSED, AIMED),
    "/console/on-call/contact": (ONCE, ADDS),
    f"{METHOD}/verify": (REFUSED, OWN),
    f"{METHOD}/code": (NEWEST, OWN),
    f"{METHOD}/test": (SENT, OWN),
    f"{METHOD}/sooner": (SAME, OWN),
    f"{METHOD}/remove": (REFUSED, OWN),
    "/console/on-call/drills": (REFUSED, ADDS),
    f"{PATIENT}/enter/course": (ONCE, ADDS),
    f"{PATIENT}/enter/screening": (ONCE, ADDS),
    f"{PATIENT}/enter/treatment": (ONCE, ADDS),
    f"{PATIENT}/enter/session": (ONCE, ADDS),
    f"{PATIENT}/enter/check-in": (ONCE, ADDS),
    f"{PATIENT}/enter/side-effects": (ONCE, ADDS),
    f"{PATIENT}/sessions/<uuid:session_id>/vitals": (ONCE, ADDS),
    f"{PATIENT}/sessions/<uuid:session_id>/decide/<kind>": (ONCE, ADDS),
    f"{PATIENT}/correct/course/<uuid:course_id>": (SAME, SHOWN),
    f"{PATIENT}/correct/check-in/<uuid:check_in_id>": (SAME, SHOWN),
    f"{PATIENT}/correct/treatment/<uuid:record_id>": (SAME, SHOWN),
    f"{PATIENT}/sessions/<uuid:session_id>/correct": (SAME, SHOWN),
    f"{PATIENT}/sessions/<uuid:session_id>/vitals/<uuid:vitals_id>": (SAME, SHOWN),
    f"{PATIENT}/enter/contact": (SAME, SHOWN),
    f"{PATIENT}/enter/team": (SAME, SHOWN),
    f"{PATIENT}/enter/status": (SAME, SHOWN),
    f"{PATIENT}/enter/consent": (SAME, SHOWN),
    f"{PATIENT}/enter/invitation": (NEWEST, ADDS),
    f"{PATIENT}/export": (SAME, ADDS),
    f"{PATIENT}/erasure": (SAME, ADDS),
    # The alert page: tests/api/page/test_twice.py sends these.
    "/a/<alert_id>/acknowledge": (SAME, SHOWN),
    "/a/<alert_id>/contact": (ONCE, ADDS),
    "/a/<alert_id>/note": (ONCE, ADDS),
    "/a/<alert_id>/hand-over": (ONCE, ADDS),
    "/a/<alert_id>/resolve": (SAME, SHOWN),
    "/a/log-in": (REFUSED, OWN),
    "/a/<alert_id>/log-in": (REFUSED, OWN),
    "/a/log-out": (SAME, OWN),
    "/a/<alert_id>/log-out": (SAME, OWN),
    "/a/device": (REFUSED, OWN),
    "/a/email": (REFUSED, OWN),
    "/a/forgot": (NEWEST, OWN),
    "/a/forgot/code": (REFUSED, OWN),
    "/a/push": (ONCE, ADDS),
    "/a/push/code": (REFUSED, OWN),
}


def test_every_form_has_a_row(app: Flask) -> None:
    found = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/a/", "/console")) and "POST" in (rule.methods or ())
    }
    assert set(ROWS) == found


# Rows without a story here: the log-ins, and what has tests of its own.
ELSEWHERE: Final = {
    *("/console/log-in", "/console/log-out", "/console/demo", "/console/join"),
    *(path for path in ROWS if path.startswith(ACCOUNT)),
    "/console/clinic/staff/<uuid:user_id>/reset-factor",
    f"{METHOD}/verify",
    SIGN_IN,
}


@pytest.fixture
def scene(app: Flask, monkeypatch: pytest.MonkeyPatch) -> FormScene:
    return FormScene(app, monkeypatch)


def test_every_row_of_the_console_has_a_story() -> None:
    assert {*STORIES, *ELSEWHERE} == {path for path in ROWS if path.startswith("/console")}


def filled(console: Console, action: str) -> dict[str, Any]:
    """A form of the page that is open, as it would be sent untouched."""
    forms = re.findall(r'<form\b[^>]*action="([^"]+)"[^>]*>(.*?)</form>', console.page, re.DOTALL)
    return fields_of(
        next(
            body
            for at, body in forms
            if html.unescape(at) == f"/console{action}" and 'name="csrf"' in body
        )
    )


@pytest.mark.parametrize("route", STORIES)
def test_a_form_that_is_sent_twice_does_once_what_it_does(scene: FormScene, route: str) -> None:
    page, action, fields, person = STORIES[route](scene)
    console = console_of(scene.app, person)
    assert console.open(page).status_code == 200, console.text
    body = filled(console, action) | fields
    before = scene.stored()
    first = console.post(action, body, follow=True)
    assert first.status_code in (200, 201), console.text
    after = scene.stored()
    second = console.post(action, body, follow=True)
    double, _ = ROWS[route]
    if double == REFUSED:
        assert second.status_code in (404, 409, 422), console.text
    else:
        assert second.status_code == first.status_code, console.text
    if double == NEWEST:
        after = {**after, "invitations": scene.stored()["invitations"]}
    assert scene.stored() == after
    if double == ONCE and not route.endswith(("hand-over", "contact")):
        assert after != before


def test_every_row_that_is_guarded_has_a_colleague() -> None:
    guarded = {path for path, (_, older) in ROWS.items() if older == SHOWN}
    assert set(MEANWHILE) == {path for path in guarded if path.startswith("/console")}


# What somebody types may hold words of the page; what stands there by now is named.
STANDS: Final = (
    *("There is now", "since you opened it", "Somebody was faster", "in the meantime"),
)


@pytest.mark.parametrize("route", MEANWHILE)
def test_an_older_form_undoes_nothing_and_shows_what_stands(scene: FormScene, route: str) -> None:
    page, action, fields, person = STORIES[route](scene)
    console = console_of(scene.app, person)
    console.open(page)
    body = filled(console, action) | fields
    opened = scene.everything()
    MEANWHILE[route](scene, action)
    changed = scene.everything()
    assert changed != opened or route.startswith(ALERT)
    late = console.post(action, body)
    assert late.status_code == 409, console.text
    assert any(words in console.text for words in STANDS), console.text
    assert scene.everything() == changed
    typed = [value for value in fields.values() if isinstance(value, str)]
    if not route.startswith(ALERT) and not route.endswith("/swaps"):
        assert [value for value in typed if html.escape(value) not in console.page] == []
    if route.endswith(("/resolve", "/swaps")):
        return
    # Whoever has looked it over sends what is shown now.
    console.post(action, filled(console, action) | fields, follow=True)
    assert console.shown is not None
    assert console.shown.status_code == 200, console.text
    assert scene.everything() != changed or route.startswith(ALERT)
