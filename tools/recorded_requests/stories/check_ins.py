"""Phones that answer: every instrument, every flag, exactly once, and what the answers open."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from tools.recorded_requests import forms
from tools.recorded_requests.people import Patient, World
from tools.recorded_requests.recorder import Story, at, iso


def at_risk(world: World) -> Story:
    """Ben answers daily, is at risk, gets a standing plan, and falls silent."""
    yield at(1, 12)
    sam, recorder = world.sam, world.recorder
    ben = sam.patient("Ben", phone="+1 555 0101", indications=["TRD"], mrn="B-7")
    world.kept.add(ben.id)
    for day in range(1, 8):
        yield at(day, 23)
        ben.check_in("phq9-daily", forms.item9(0, day % 2))
    yield at(8, 23)
    first = ben.check_in("phq9-daily", forms.item9(1))
    ben.post("/v1/check-ins", first)
    ben.post("/v1/check-ins", {**first, "answers": forms.item9(2)})
    ben.post("/v1/check-ins", dict(reversed(first.items())))
    recorder.worker()
    yield at(9, 1)
    ben.check_in("cssrs-screener", forms.cssrs("q1"))
    alert = sam.risk_of(ben)
    plan = {"until": iso(at(20)), "reason": "stable for months"}
    for body in (
        {"disposition": "could_not_reach"},
        {"disposition": "other"},
        {"disposition": "safe_plan_made", "standing_plan": {**plan, "until": iso(at(60))}},
        {"disposition": "safe_plan_made", "standing_plan": plan},
        {"disposition": "safe_plan_made", "standing_plan": plan},
        {"disposition": "treatment_changed"},
    ):
        sam.act(alert["id"], "resolve", body)
    world.olly.act(alert["id"], "resolve", {"disposition": "safe_plan_made"})
    sam.act(alert["id"], "acknowledge")
    sam.get(f"/v1/alerts/{alert['id']}")
    for day in (9, 10, 11):
        yield at(day, 23)
        ben.check_in("phq9-daily", forms.item9(1))
    sam.get(f"/v1/alerts/{alert['id']}")
    yield from in_danger(world, ben)
    # From here on: silence. N1 speaks after three missed days.
    for day, disposition in ((17, "emergency_services"), (30, "appointment_made")):
        yield at(day, 15)
        for found in sam.alerts_of(ben):
            sam.get(f"/v1/alerts/{found['id']}")
            sam.act(found["id"], "resolve", {"disposition": disposition})
    ben.check_in("phq9-daily", forms.item9(0))


def in_danger(world: World, ben: Patient) -> Story:
    """Item 9 = 2, then worse: who acts on it, and how."""
    sam, recorder = world.sam, world.recorder
    yield at(12, 22)
    worse = ben.check_in("phq9-daily", forms.item9(2))
    recorder.worker()
    alert = sam.risk_of(ben)
    world.olly.act(alert["id"], "acknowledge")
    sam.act(alert["id"], "acknowledge")
    world.olly.act(alert["id"], "notes", {"kind": "contact_attempt", "outcome": "no_answer"})
    yield at(12, 22, 40)
    recorder.worker()
    sam.get(f"/v1/alerts/{alert['id']}")
    sam.act(alert["id"], "acknowledge")
    ben.check_in("cssrs-screener", forms.cssrs("q1", "q2", "q3", "q4"))
    ben.amend(worse, forms.item9(3), "I was not honest")
    ben.amend(worse, forms.item9(0), "I feel better")
    recorder.worker()
    ben.get(f"/v1/check-ins/{worse['id']}")
    yield at(13, 2)
    note = {"id": sam.new_id(), "kind": "contact_attempt", "outcome": "reached", "text": "safe"}
    sam.act(alert["id"], "notes", note)
    sam.act(alert["id"], "notes", note)
    sam.act(alert["id"], "notes", {**note, "text": "other"})
    sam.act(alert["id"], "notes", {"text": ""})
    sam.act(alert["id"], "feedback", {"useful": True, "note": "in time"})
    sam.act(alert["id"], "feedback", {"useful": "yes"})
    sam.act(alert["id"], "resolve", {"disposition": "watchful_waiting", "note": "x"})
    sam.act(alert["id"], "resolve", {"disposition": "safe_plan_made", "note": "called twice"})
    ben.ask_for_help(note="I cannot go on, please call")
    recorder.worker()
    ben.check_in("phq9-daily", forms.item9("declined"))


def every_instrument(world: World) -> Story:
    """Cy answers everything, with a bipolar indication: A1, B1 and U1 fire."""
    yield at(1, 13)
    sam = world.sam
    cy = sam.patient("Cy", indications=["Bipolar depression", "PTSD"], born_on="1980-02-29")
    yield at(2, 20)
    for instrument, total in (("gad7", 5), ("pcl5", 30), ("asrm", 1), ("mood", 7), ("phq9", 12)):
        cy.check_in(instrument, total)
    cy.check_in("urinary", {"q1": 1, "q2": 0, "q3": 0, "q4": 0, "q5": 0})
    cy.check_in("cssrs-screener", forms.cssrs())
    cy.check_in("cssrs-screener", forms.cssrs("q1"))
    cy.check_in("cssrs-screener", forms.cssrs("q1", "q2", "q6"))
    cy.check_in("cssrs-screener", {"q1": 0, "q2": 0})
    cy.check_in("cssrs-screener", forms.cssrs() | {"q6": "declined"})
    yield at(9, 20)
    for instrument, total in (("gad7", 11), ("pcl5", 41), ("asrm", 5), ("mood", 2)):
        cy.check_in(instrument, total)
    yield at(16, 20)
    for instrument, total in (("gad7", 16), ("asrm", 9), ("phq9", 12)):
        cy.check_in(instrument, total)
    cy.check_in("urinary", {"q1": 1, "q2": 1, "q3": 1, "q4": 1, "q5": 0})
    yield at(21, 20)
    cy.check_in("urinary", {"q1": 0, "q2": 0, "q3": 0, "q4": 0, "q5": 1})
    cy.report(forms.effect("elevated_mood_or_agitation", 3))
    cy.check_in("phq9", {"q1": 1, "q2": 1, "q3": 1, "q4": 1, "q5": 1, "q6": 1, "q9": 0, "q10": 2})
    cy.check_in("phq9", {"q1": 1, "q2": 1})
    cy.check_in("phq9", {f"q{item}": 2 for item in range(1, 9)})
    for instrument in ("phq9", "gad7", "pcl5", "asrm", "mood", "urinary", "cssrs-screener", "none"):
        cy.get(f"/v1/check-ins?instrument={instrument}")
        cy.get(f"/v1/me/trend?instrument={instrument}")


def crooked_clocks(world: World) -> Story:
    """Fay's phone: late, early, in no zone, with notes, and by somebody else."""
    yield at(2, 14)
    sam, recorder = world.sam, world.recorder
    fay = sam.patient("Fay")
    yield at(10, 14)
    now = recorder.now
    for changes in (
        {"recorded_at": iso(now - timedelta(days=3))},
        {"recorded_at": iso(now - timedelta(days=1)), "mood_day": "2026-03-11"},
        {"recorded_at": iso(now - timedelta(days=500))},
        {"recorded_at": iso(now + timedelta(hours=2))},
        {"recorded_at": "2026-03-12T04:30:00-05:00", "mood_day": "2026-03-11"},
        {"mood_day": "2026-01-01"},
        {"timezone": "Mars/Phobos"},
        {"timezone": None},
        {"timezone": "Asia/Kolkata"},
        {"client_total": 7},
        {"client_total": 9},
        {"note": "I slept badly"},
        {"note": "I want to kill myself tonight"},
        {"note": "my brother took an overdose, but no, I do not think of suicide"},
        {"note": "ich will nicht mehr leben"},
    ):
        fay.check_in("phq9-daily", 8, **changes)
    fay.check_in("phq9-daily", forms.item9(1), note="I will kill myself tonight")
    sent_at = {"Interlude_Sent_At": iso(now - timedelta(hours=5))}
    skewed = fay.form("phq9-daily", 8, recorded_at=iso(now - timedelta(hours=5)))
    fay.post("/v1/check-ins", skewed, **sent_at)
    fay.post("/v1/check-ins", fay.form("phq9-daily", 8), Interlude_Sent_At="never")
    yield from other_hands(world, fay)


def other_hands(world: World, fay: Patient) -> Story:
    """Whose answers are whose: by staff, by another patient, amended and voided."""
    sam = world.sam
    yield at(11, 14)
    for writer in (sam, world.olly, world.admin, world.stranger):
        form = fay.form("phq9", 11, patient_id=fay.id)
        writer.post("/v1/check-ins", form)
    other = sam.patient("Gail")
    mine = fay.check_in("phq9", 10)
    other.post("/v1/check-ins", mine)
    other.get(f"/v1/check-ins/{mine['id']}")
    other.amend(mine, forms.spread("phq9", 3))
    voided = fay.amend(mine, {}, "sent by mistake")
    fay.amend(voided, forms.spread("phq9", 4), "not by mistake")
    fay.amend(mine, {"q1": 9}, "typo")
    fay.amend(mine, forms.spread("phq9", 4), "")
    fay.post(f"/v1/check-ins/{mine['id']}/amend", voided)
    for reader in (fay, sam, world.olly, world.admin, world.stranger, world.nobody):
        reader.get(f"/v1/check-ins/{mine['id']}")
        reader.get(f"/v1/check-ins?patient_id={fay.id}")
    page = fay.get("/v1/check-ins?limit=5").get_json()
    while page["next_cursor"]:
        page = fay.get(f"/v1/check-ins?limit=5&cursor={page['next_cursor']}").get_json()
    for query in ("limit=0", "limit=501", "cursor=x", "instrument=%00", "color=red"):
        fay.get(f"/v1/check-ins?{query}")


def comings_and_goings(world: World) -> Story:
    """Hal is paused, discharged and taken back; Eve never starts."""
    yield at(3, 14)
    sam, admin = world.sam, world.admin
    sam.invite("Eve", "patient", patient={"risk_at_intake": True, "phone": "+1 555 0105"})
    sam.invite("Evan", "patient", patient={"indications": ["suicidal ideation"]})
    sam.invite("Ewan", "patient")
    hal = sam.patient("Hal", address="1 Main St", emergency_contact={"name": "H", "phone": "1"})
    yield at(4, 23)
    hal.check_in("phq9-daily", 9)
    hal.check_in("phq9", 14)
    yield at(5, 14)
    path = hal.path
    for body in (
        {"status": "paused"},
        {"status": "paused", "reason": "holiday"},
        {"status": "paused", "reason": "holiday", "until_on": "2026-12-31"},
        {"status": "paused", "reason": "holiday", "until_on": "2026-03-10"},
        {"phone": "+1 555 0106", "mrn": "H-1"},
        {"phone": "", "indications": ["anxiety"]},
        {"born_on": "2020-01-01"},
        {"timezone": "Mars"},
        {"status": "gone"},
        {"emergency_contact": {"name": "H"}},
    ):
        sam.patch(path, body)
    for writer in (admin, world.olly, world.stranger, hal):
        writer.patch(path, {"name": "Hal H."})
    hal.get("/v1/me/due")
    yield at(20, 14)
    for found in sam.alerts_of(hal):
        sam.act(found["id"], "resolve", {"disposition": "handed_over_in_person"})
    sam.patch(path, {"status": "active"})
    sam.patch(path, {"status": "discharged", "reason": "moved away"})
    hal.check_in("phq9-daily", 4)
    hal.check_in("phq9-daily", forms.item9(2))
    hal.ask_for_help()
    hal.report(forms.effect("nausea"))
    hal.report(forms.effect("chest_pain", 2))
    sam.patch(path, {"status": "discharged"})
    sam.patch(path, {"status": "active"})
    yield at(21, 14)
    hal.check_in("phq9-daily", 3)
    for found in sam.alerts_of(hal):
        sam.act(found["id"], "resolve", {"disposition": "safe_plan_made"})
    sam.get(path)
    admin.get(path)


def care_team(world: World) -> Story:
    """Ivy is in view of one team alone; Kim has no phone."""
    yield at(3, 16)
    sam, tia, admin = world.sam, world.tia, world.admin
    me = sam.get("/v1/me").get_json()["id"]
    other = tia.get("/v1/me").get_json()["id"]
    ivy = sam.patient("Ivy", care_team=[me])
    body = {"name": "Kim", "mrn": "K-1", "patient": {"born_on": "1970-01-01"}, "id": sam.new_id()}
    for _ in range(2):
        sam.post("/v1/patients", body)
    sam.post("/v1/patients", {**body, "name": "Kimberly"})
    kim = f"/v1/patients/{body['id']}"
    sam.post(f"{kim}/invitations", {})
    sam.post(f"{kim}/invitations", {"email": "ivy@patient.test"})
    sam.post(f"{kim}/invitations", {"email": "kim@patient.test"})
    for refused in ({}, {"name": ""}, {"name": "X", "mrn": "1", "patient": {"mrn": "2"}}):
        sam.post("/v1/patients", refused)
    for form in (
        {"instrument": "phq9", "answers": forms.spread("phq9", 12)},
        {"instrument": "phq9", "answers": forms.item9(1)},
    ):
        head = {"id": sam.new_id(), "recorded_at": iso(world.recorder.now)}
        sam.post("/v1/check-ins", {**head, **form, "patient_id": body["id"]})
    head = {"id": sam.new_id(), "recorded_at": iso(world.recorder.now)}
    effects = {"effects": [forms.effect("nausea", 2)], "patient_id": body["id"]}
    sam.post("/v1/side-effects", {**head, **effects})
    ivy.check_in("phq9-daily", forms.item9(1))
    for reader in (sam, tia, world.olly, admin, world.stranger, ivy):
        for path in (ivy.path, f"{ivy.path}/care-team", f"{ivy.path}/trend", f"{ivy.path}/due"):
            reader.get(path)
    tia.put(f"{ivy.path}/care-team", {"user_ids": [other]})
    for members in ([me, other], [world.clinic], [me], [], [other]):
        sam.put(f"{ivy.path}/care-team", {"user_ids": members})
    admin.put(f"{ivy.path}/care-team", {"user_ids": [me]})
    for query in (
        "mine=true",
        "q=iv",
        "q=K-1",
        "sort=name",
        "sort=trend",
        "sort=silence",
        "sort=x",
    ):
        sam.get(f"/v1/patients?{query}")


def who_left(world: World) -> Story:
    """The owner of an alert leaves: it is nobody's again."""
    yield at(12, 16)
    admin, sam, recorder = world.admin, world.sam, world.recorder
    rae = sam.patient("Rae")
    world.kept.add(rae.id)
    rae.check_in("phq9-daily", forms.item9(2))
    recorder.worker()
    otto = admin.colleague("Otto", "on_call", "admin")
    alert = sam.risk_of(rae)["id"]
    otto.act(alert, "acknowledge")
    otto.get(f"/v1/alerts/{alert}")
    admin.patch(f"/v1/users/{otto.get('/v1/me').get_json()['id']}", {"active": False})
    sam.get(f"/v1/alerts/{alert}")
    recorder.worker()
    # The acknowledgement of a critical alert expires after an hour.
    sam.act(alert, "acknowledge")
    for minutes in (20, 40, 60, 75):
        yield at(12, 16, minutes)
        recorder.worker()
        sam.get(f"/v1/alerts/{alert}")
    rae.ask_for_help()
    sam.act(alert, "resolve", {"disposition": "handed_over_in_person"})


def elsewhere(world: World) -> Story:
    """Zoe in the other clinic, where the admin is the last resort and breaks the glass."""
    yield at(13, 14)
    stranger, admin, recorder = world.stranger, world.southern_admin, world.recorder
    zoe = stranger.patient("Zoe", phone="+33 1 00 00 00 00")
    for country in ("FR", "DE", "IN", "JP", "GB"):
        admin.patch("/v1/clinic", {"country": country})
        zoe.check_in(
            "phq9-daily", forms.item9(3), note="plus envie de vivre", timezone="Asia/Tokyo"
        )
    alert = stranger.risk_of(zoe)["id"]
    admin.get(f"/v1/alerts/{alert}")
    recorder.worker()
    for what, body in (
        ("acknowledge", None),
        ("notes", {"text": "calling"}),
        ("resolve", {"disposition": "safe_plan_made"}),
    ):
        admin.act(alert, what, body)
    admin.get(f"/v1/alerts/{alert}")
    admin.get(zoe.path)
    world.sam.get(f"/v1/alerts/{alert}")
    yield at(15, 14)
    recorder.worker()
    stranger.get(f"/v1/alerts/{alert}")
    stranger.act(alert, "resolve", {"disposition": "safe_plan_made"})


STORIES: Final = (
    at_risk,
    every_instrument,
    crooked_clocks,
    comings_and_goings,
    care_team,
    who_left,
    elsewhere,
)
