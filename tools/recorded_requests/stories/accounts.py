"""Log-ins, invitations, devices, forgotten passwords, users and the clinic's settings."""

from __future__ import annotations

import re
from typing import Final

from tools.own_service import PASSWORD
from tools.recorded_requests.people import Bodies, Patient, Staff, World, accept, document
from tools.recorded_requests.recorder import Caller, Story, at

OTHER: Final = "another long password"
CODE: Final = re.compile(r"\b[0-9A-Z]{5}(?:-[0-9A-Z]{5}){3}\b")
LOGIN: Final = "/v1/auth/login"


def settings(world: World) -> Story:
    """The clinic's own settings and its alert chain."""
    admin, sam = world.admin, world.sam
    yield at(0, 9)
    for reader in (admin, sam, world.olly, world.nobody):
        reader.get("/v1/clinic")
    hours = [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}]
    admin.patch("/v1/clinic", {"phone": "+1 212 555 0100", "staffed": hours})
    admin.patch("/v1/clinic", {"holidays": ["2026-03-17"], "monitoring_text": "By day only."})
    admin.patch("/v1/clinic", {"ladder": {"critical": {"next_after_s": 300}}})
    admin.patch("/v1/clinic", {"ladder": {"critical": {"next_after_s": 600}}})
    refused: Bodies = (
        {"timezone": "Mars/Phobos"},
        {"country": "XX"},
        {"ladder": {"critical": {"next_after_s": 0}}},
        {"staffed": [{"days": ["sun"], "from": "25:00", "to": "1"}]},
        {"cssrs_texts": {"q7": "no such question"}},
        {"unknown": 1},
        {"second_factor": "required"},
        {"second_factor": "optional"},
    )
    for body in refused:
        admin.patch("/v1/clinic", body)
    sam.patch("/v1/clinic", {"name": "Ours"})
    yield at(0, 10)
    for reader in (admin, sam):
        reader.get("/v1/clinic/contacts")
    made = document(admin.post("/v1/clinic/contacts", {"address": "mailto:second@north.test"}))
    for address in ("second@north.test", "http://10.0.0.1/page", "mailto:", "mailto:a@b\nc"):
        admin.post("/v1/clinic/contacts", {"address": address})
    admin.delete(f"/v1/clinic/contacts/{made['id']}")
    admin.delete(f"/v1/clinic/contacts/{made['id']}")
    listed = document(admin.get("/v1/clinic/contacts"))["items"]
    admin.delete(f"/v1/clinic/contacts/{listed[-1]['id']}")
    admin.put("/v1/clinic/contacts/last-resort", {"address": "mailto:chief@north.test"})
    admin.put("/v1/clinic/contacts/last-resort", {"address": "mailto:"})
    sam.put("/v1/clinic/contacts/last-resort", {"address": "mailto:sam@north.test"})
    yield at(0, 11)
    admin.patch("/v1/clinic", {"cssrs_texts": {"q1": "Did you wish to be dead?"}})
    for reader in (sam, world.nobody):
        first = reader.get("/v1/instruments")
        if first.status_code == 200:
            reader.get("/v1/instruments", If_None_Match=first.headers["ETag"])
    for code in ("phq9", "phq9-daily", "gad7", "pcl5", "asrm", "mood", "urinary", "no-such"):
        sam.get(f"/v1/instruments/{code}")
    for code in ("cssrs-screener", "cssrs-since-last-contact"):
        sam.get(f"/v1/instruments/{code}")
    sam.get("/v1/side-effects/codes")


def users(world: World) -> Story:
    """Who works here, and who no longer does."""
    admin, sam, recorder = world.admin, world.sam, world.recorder
    yield at(0, 12)
    listed = document(admin.get("/v1/users"))["items"]
    document(admin.get("/v1/users?limit=2"))
    following = document(admin.get("/v1/users?limit=2"))["next_cursor"]
    admin.get(f"/v1/users?limit=2&cursor={following}")
    admin.get("/v1/users?cursor=nonsense")
    for reader in (sam, world.olly, world.stranger):
        reader.get("/v1/users")
    ids = {one["email"]: one["id"] for one in listed}
    refused: Bodies = (
        {"roles": []},
        {"roles": ["patient", "clinician"]},
        {"roles": ["king"]},
        {"name": "x"},
    )
    for body in refused:
        admin.patch(f"/v1/users/{ids['tia@staff.test']}", body)
    admin.patch(f"/v1/users/{ids['admin@north.test']}", {"active": False})
    admin.patch(f"/v1/users/{ids['admin@north.test']}", {"roles": ["clinician"]})
    sam.patch(f"/v1/users/{ids['tia@staff.test']}", {"active": False})
    leaver = admin.colleague("Leaver", "clinician", "on_call")
    leaver.get("/v1/me")
    leaver_id = document(leaver.get("/v1/me"))["id"]
    admin.patch(f"/v1/users/{leaver_id}", {"roles": ["on_call"]})
    leaver.get("/v1/alerts")
    yield at(0, 13)
    admin.patch(f"/v1/users/{leaver_id}", {"active": False})
    leaver.get("/v1/me")
    Caller(recorder, "Leaver again").post(
        LOGIN, {"email": "leaver@staff.test", "password": PASSWORD}
    )
    admin.patch(f"/v1/users/{leaver_id}", {"active": True})
    recorder.run("clinic", "invite", world.clinic, "nobody@nowhere.test")
    recorder.run("clinic", "contact", world.clinic, "ftp://nowhere")
    recorder.run("clinic", "create", "X", "--timezone", "Nowhere", "--country", "?", "--admin", "x")


def invitations(world: World) -> Story:
    """Codes that are handed over, used, and used again."""
    admin, sam, recorder = world.admin, world.sam, world.recorder
    yield at(0, 15)
    refused: Bodies = (
        {"email": "x@y.test", "name": "X", "roles": []},
        {"email": "not an address", "name": "X", "roles": ["clinician"]},
        {"email": "x@y.test", "name": "\u202e", "roles": ["clinician"]},
        {"email": "x@y.test", "name": "X", "roles": ["clinician"], "patient": {}},
        {
            "email": "x@y.test",
            "name": "X",
            "roles": ["patient"],
            "patient": {"born_on": "2015-01-01"},
        },
        {"email": "x@y.test", "name": "X", "roles": ["patient"], "timezone": "Mars"},
        {"email": "sam@staff.test", "name": "X", "roles": ["clinician"]},
        {},
    )
    for body in refused:
        admin.post("/v1/invitations", body)
    sam.post("/v1/invitations", {"email": "x@y.test", "name": "X", "roles": ["clinician"]})
    taken = {"email": "sam@staff.test", "name": "X", "roles": ["clinician"]}
    world.southern_admin.post("/v1/invitations", taken)
    world.olly.post("/v1/invitations", {"email": "x@y.test", "name": "X", "roles": ["patient"]})
    first = admin.invite("Newcomer", "clinician")["code"]
    second = admin.invite("Newcomer", "clinician")["code"]
    phone = Staff(recorder, "Newcomer")
    accept_path = "/v1/invitations/accept"
    for body in (
        {"code": first, "password": PASSWORD},
        {"code": second},
        {"code": second, "password": "short"},
        {"code": "ABCDE-ABCDE-ABCDE-ABCDE", "password": PASSWORD},
        {"code": second.lower().replace("-", " "), "password": PASSWORD, "device_id": "phone"},
        {"code": second, "password": PASSWORD, "device_id": "phone"},
        {"code": second, "password": OTHER, "device_id": "phone"},
        {"code": second, "password": PASSWORD, "device_id": "other"},
    ):
        phone.post(accept_path, body)
    yield from devices(world)
    expired = sam.invite("Sleeper", "patient")["code"]
    yield at(8)
    Patient(recorder, "Sleeper").post(accept_path, {"code": expired})


def devices(world: World) -> Story:
    """A patient's second and third phone; the last one ends the others."""
    sam, recorder = world.sam, world.recorder
    yield at(0, 16)
    invited = sam.invite("Phone", "patient", patient={"mrn": "P-1"}, timezone="Europe/Paris")
    owner = accept(Patient(recorder, "Phone"), invited["code"], invited["patient_id"])
    owner.get("/v1/me")
    path = f"/v1/patients/{invited['patient_id']}/invitations"
    again = document(sam.post(path, {}))
    second_phone = accept(Patient(recorder, "Second phone"), again["code"], owner.id)
    second_phone.get("/v1/me/sessions")
    last = document(sam.post(path, {"end_old_devices": True}))
    third = accept(Patient(recorder, "Third phone"), last["code"], owner.id)
    owner.get("/v1/me")
    listed = document(third.get("/v1/me/sessions"))["items"]
    third.delete(f"/v1/me/sessions/{listed[0]['id']}")
    third.delete(f"/v1/me/sessions/{world.clinic}")
    third.get("/v1/me")
    sam.post(path, {"email": "phone@patient.test"})
    world.stranger.post(path, {})


def log_ins(world: World) -> Story:
    """Passwords, pairs of tokens, and what happens to a stolen one."""
    recorder = world.recorder
    yield at(1, 9)
    worker = world.admin.colleague("Walter", "clinician")
    visitor = Caller(recorder, "Visitor")
    words = {"email": "walter@staff.test", "password": PASSWORD}
    for body in (
        words,
        {**words, "email": "Walter@STAFF.test"},
        {**words, "password": "wrong password"},
        {**words, "email": "nobody@staff.test"},
        {**words, "totp": "123456"},
        {"email": "walter@staff.test"},
        {**words, "clinic_id": "x"},
    ):
        visitor.post(LOGIN, body)
    visitor.send("POST", LOGIN, b"{")
    visitor.send("POST", LOGIN, b"email=x", {"Content_Type": "text/plain"})
    yield from stolen_token(visitor, words)
    yield at(1, 10)
    worker.get("/v1/me")
    changes: Bodies = (
        {"old_password": "wrong", "new_password": OTHER},
        {"new_password": OTHER},
        {"old_password": PASSWORD, "new_password": "short"},
        {"old_password": PASSWORD, "new_password": OTHER},
    )
    for change in changes:
        worker.post("/v1/me/password", change)
    visitor.post(LOGIN, words)
    visitor.post(LOGIN, {**words, "password": OTHER})
    worker.post("/v1/auth/logout")
    worker.get("/v1/me")
    yield at(1, 11)
    guesser = Caller(recorder, "Guesser")
    for _ in range(6):
        guesser.post(LOGIN, {**words, "password": "a guess of many"})


def stolen_token(visitor: Caller, words: dict[str, str]) -> Story:
    """A spent token is shown again: at once, later, and after its successor was used."""
    yield at(1, 9, 30)
    pair = document(visitor.post(LOGIN, words))
    spent = f"Bearer {pair['refresh_token']}"
    fresh = document(visitor.post("/v1/auth/refresh", Authorization=spent))
    visitor.post("/v1/auth/refresh", Authorization=spent)
    yield at(1, 9, 31)
    later = document(visitor.post("/v1/auth/refresh", Authorization=spent))
    visitor.get("/v1/me", Authorization=f"Bearer {fresh['access_token']}")
    visitor.get("/v1/me", Authorization=f"Bearer {later['access_token']}")
    visitor.get("/v1/me", Authorization=f"Bearer {later['refresh_token']}")
    visitor.post("/v1/auth/refresh", Authorization=f"Bearer {later['access_token']}")
    visitor.post("/v1/auth/refresh", Authorization=spent)
    visitor.get("/v1/me", Authorization=f"Bearer {later['access_token']}")
    for odd in ("Bearer", "Bearer x.y.z", "Basic eDp5", f"Bearer {later['access_token']}x"):
        visitor.get("/v1/me", Authorization=odd)


def forgotten_password(world: World) -> Story:
    """A code by mail, of use once."""
    recorder = world.recorder
    yield at(2, 9)
    world.admin.colleague("Fergus", "clinician")
    visitor, path = Caller(recorder, "Forgetful"), "/v1/auth/password-reset"
    visitor.post(path, {"email": "fergus@staff.test"})
    visitor.post(path, {"email": "nobody@staff.test"})
    visitor.post(path, {})
    recorder.worker()
    code = CODE.findall(recorder.letters[-1]["body"])[0]
    confirm = f"{path}/confirm"
    visitor.post(confirm, {"code": "ABCDE-ABCDE-ABCDE-ABCDE", "password": OTHER})
    visitor.post(confirm, {"code": code, "password": "short"})
    visitor.post(confirm, {"code": code, "password": OTHER})
    visitor.post(confirm, {"code": code, "password": OTHER})
    for password in (PASSWORD, OTHER):
        visitor.post(LOGIN, {"email": "fergus@staff.test", "password": password})


STORIES: Final = (settings, users, invitations, log_ins, forgotten_password)
