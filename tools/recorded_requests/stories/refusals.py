"""A refusal never hides danger: bodies that cannot be read, and who may not send them."""

from __future__ import annotations

import gzip
import json
from typing import Any, Final

from tools.recorded_requests import forms
from tools.recorded_requests.people import Bodies, Patient, World
from tools.recorded_requests.recorder import Caller, Story, at, iso

CHECK_INS: Final = "/v1/check-ins"


def unreadable(world: World) -> Story:
    """Una's phone sends what no server can take, with and without danger in it."""
    yield at(6, 12)
    sam, recorder = world.sam, world.recorder
    una = sam.patient("Una", phone="+1 555 0130")
    world.kept.add(una.id)
    good = una.form("phq9", 9)
    spoilt: Bodies = (
        {"answers": {"q1": 9}},
        {"answers": {"q1": 1.0}},
        {"answers": {"q1": True}},
        {"answers": {"q11": 0}},
        {"answers": []},
        {"instrument": "phq99"},
        {"recorded_at": "2026-03-08T10:00:00"},
        {"recorded_at": "yesterday"},
        {"id": "1"},
        {"surprise": 1},
        {"client_total": "9"},
        {"answers": {"q9": 1, "q1": 9}},
        {"answers": {"q9": "3"}},
        {"answers": {"q9": 2}, "recorded_at": "yesterday"},
        {"instrument": "cssrs-screener", "answers": {"q4": 1, "q5": 7}},
        {"instrument": "gad7", "answers": {"q9": 3}},
    )
    for changes in spoilt:
        una.post(CHECK_INS, {**good, **changes})
    recorder.worker()
    dangerous = dangerous_body(good)
    packed_bodies(una, dangerous)
    recorder.worker()
    una.send("POST", CHECK_INS, dangerous[:-1])
    crooked_addresses(world, una, good)
    for alert in sam.alerts_of(una):
        for reader in (sam, world.olly, world.admin):
            reader.get(f"/v1/alerts/{alert['id']}")
    yield at(7, 12)
    for alert in sam.alerts_of(una):
        sam.act(alert["id"], "resolve", {"disposition": "safe_plan_made"})
    sam.patch(una.path, {"status": "discharged", "reason": "done"})
    una.send("POST", CHECK_INS, dangerous[:-1])
    una.post(CHECK_INS, {**good, "answers": {"q9": 3, "q1": 9}})


def dangerous_body(good: dict[str, Any]) -> bytes:
    """A form with item 9 = 3."""
    return json.dumps({**good, "answers": forms.item9(3)}).encode()


def packed_bodies(una: Patient, dangerous: bytes) -> None:
    """Bytes of every kind."""
    packed: tuple[tuple[bytes, dict[str, str]], ...] = (
        (b"", {}),
        (b"{", {}),
        (b"[]", {}),
        (b'"text"', {}),
        (b'{"id": "\xff"}', {}),
        (dangerous[:-1], {}),
        (dangerous.replace(b'"q9": 3', b'"q9": 3, "q9": 0'), {}),
        (dangerous, {"Content_Type": "text/plain"}),
        (dangerous, {"Content_Type": "application/json; charset=utf-16"}),
        (dangerous.decode().encode("utf-16"), {}),
        (gzip.compress(dangerous, mtime=0), {"Content_Encoding": "gzip"}),
        (b"q9=2&instrument=phq9", {"Content_Type": "application/x-www-form-urlencoded"}),
        (dangerous[:-1] + b" " * 1_100_000 + b"}", {}),
        (b"[" * 2_000, {}),
    )
    for body, headers in packed:
        una.send("POST", CHECK_INS, body, headers)


def crooked_addresses(world: World, una: Patient, good: dict[str, Any]) -> None:
    """Danger sent to the wrong place, or of the wrong kind."""
    for path in ("/v1/check-ins/x/amend", "/v1/check-ins/", "/v1/help-requests/", "/v1/sync"):
        una.post(path, {**good, "answers": forms.item9(3)})
        world.nobody.post(path, {**good, "answers": forms.item9(3)})
    una.send("PUT", CHECK_INS, {"q9": 3})
    una.post("/v1/help-requests", {})
    una.post("/v1/help-requests", {"id": una.new_id()})
    una.post("/v1/help-requests", {"id": una.new_id(), "recorded_at": "now", "note": 1})
    una.post("/v1/side-effects", {"effects": [{"code": "chest_pain", "grade": 9}]})


def late_tokens(world: World) -> Story:
    """A token that has expired still brings danger in; a revoked one only rings."""
    yield at(8, 12)
    sam, recorder = world.sam, world.recorder
    tom = sam.patient("Tom")
    tom.get("/v1/me")
    old = tom.account.headers["Authorization"] if tom.account else ""
    yield at(9, 12)
    phone = Caller(recorder, "Tom's old token")

    def send(path: str, body: Any) -> None:
        phone.post(path, body, Authorization=old)

    form = tom.form("phq9-daily", forms.item9(2))
    send(CHECK_INS, form)
    send(CHECK_INS, form)
    send(CHECK_INS, {**form, "answers": forms.item9(3)})
    send(CHECK_INS, tom.form("phq9-daily", 3))
    send("/v1/help-requests", {"id": tom.new_id(), "recorded_at": iso(recorder.now)})
    send("/v1/side-effects", {"id": tom.new_id(), "effects": [forms.effect("seizure", 2)]})
    phone.get(CHECK_INS, Authorization=old)
    phone.get("/v1/me", Authorization=old)
    tom.get(f"{CHECK_INS}/{form['id']}")
    tom.post("/v1/auth/logout")
    send(CHECK_INS, tom.form("phq9-daily", forms.item9(2)))
    yield at(45, 12)
    send(CHECK_INS, tom.form("phq9-daily", forms.item9(2)))
    for alert in sam.alerts_of(tom):
        sam.get(f"/v1/alerts/{alert['id']}")


def wrong_people(world: World) -> Story:
    """Staff, strangers and nobody on the routes of phones."""
    yield at(8, 15)
    pam = world.sam.patient("Pam")
    for sender in (world.olly, world.admin, world.sam, world.stranger, world.nobody):
        sender.post(CHECK_INS, pam.form("phq9", forms.item9(2)))
        sender.post("/v1/help-requests", {"id": pam.new_id(), "recorded_at": iso(at(8))})
        sender.post("/v1/side-effects", {"id": pam.new_id(), "recorded_at": iso(at(8))})
        sender.get("/v1/me/due")
        sender.get("/v1/me/trend")
    asked = pam.ask_for_help(note="please")
    pam.post("/v1/help-requests", asked)
    pam.post("/v1/help-requests", {**asked, "note": "please!"})
    pam.get("/v1/me/due")
    pam.get("/v1/me/trend?instrument=phq9-daily")


STORIES: Final = (unreadable, late_tokens, wrong_people)
