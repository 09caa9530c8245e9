"""Courses, sessions and what follows them: E1 to E6, M1 to M5, N2, and the report."""

from __future__ import annotations

from typing import Final

from tools.recorded_requests import forms
from tools.recorded_requests.people import Bodies, Patient, World, document
from tools.recorded_requests.recorder import Story, at, iso


def a_course_that_helps(world: World) -> Story:
    """Ada responds, worsens after a session, and has symptoms again (M5, M3)."""
    yield at(1, 14)
    sam = world.sam
    ada = sam.patient("Ada", indications=["TRD"], mrn="A-1", phone="+1 555 0110")
    for day in range(2, 7):
        yield at(day, 23)
        ada.check_in("phq9-daily", 14 + day % 3)
    yield at(7, 13)
    ada.check_in("phq9", 20)
    sam.screen(ada)
    course = sam.start_course(ada, indication="TRD", protocol="v3")
    sessions = []
    daily = {8: 12, 9: 9, 10: 8, 11: 10, 12: 7, 13: 6, 14: 6, 15: 8, 16: 5, 17: 5, 18: 6, 19: 5}
    daily |= {20: 5, 21: 6, 22: 8, 23: 11, 24: 12, 25: 13, 26: 13, 27: 14, 28: 14, 30: 13, 33: 14}
    weekly = {14: 8, 21: 6, 28: 12, 34: 13, 41: 14}
    for day in range(7, 42):
        if day in (7, 10, 14, 17, 22):
            yield at(day, 15)
            dose = {"dose": {"value": 0.5, "unit": "mg/kg"}, "weight_kg": 70}
            made = sam.add_session(ada, course, at(day, 14, 30), **dose)
            sessions.append(made)
            sam.measure(ada, made, "pre", (124, 78))
            sam.decide(ada, made, "clearance", "cleared")
            yield at(day, 16, 40)
            sam.measure(ada, made, "discharge", (128, 80), sedation=5, spo2=98)
            sam.decide(ada, made, "driving_restriction", "acknowledged")
            sam.decide(ada, made, "discharge", "discharged")
        yield at(day, 23)
        if day in daily:
            ada.check_in("phq9-daily", daily[day])
        if day in weekly:
            ada.check_in("phq9", weekly[day])
        if day in (8, 14, 23, 34):
            ada.get("/v1/me/due")
            sam.get(f"{ada.path}/due")
            ada.report(forms.effect("dissociation", 1), session_id=sessions[-1])
    yield from looking_back(world, ada, course, sessions)


def looking_back(world: World, ada: Patient, course: str, sessions: list[str]) -> Story:
    """Late corrections, and the report in every form and as of earlier cuts."""
    sam = world.sam
    yield at(42, 14)
    sam.patch(f"{ada.path}/courses/{course}", {"ended_on": "2026-04-12"})
    sam.patch(f"{ada.path}/sessions/{sessions[0]}", {"ended_at": iso(at(7, 15, 20))})
    sam.patch(f"{ada.path}/sessions/{sessions[0]}", {"started_at": iso(at(60))})
    sam.patch(f"{ada.path}/sessions/{sessions[1]}", {"cancelled": True})
    sam.patch(f"{ada.path}/sessions/{sessions[1]}", {"cancelled": False})
    maintenance = sam.start_course(ada, phase="maintenance", maintenance_interval_days=21)
    sam.add_session(ada, maintenance, at(46, 15))
    sam.get(f"{ada.path}/due")
    cut = document(sam.get(f"{ada.path}/trend"))["data_cut"]["revision"]
    for query in (
        "instrument=phq9-daily",
        "instrument=mood",
        "instrument=cssrs-screener",
        "instrument=no-such",
        "from=2026-03-15&to=2026-03-25",
        "from=2026-03-25&to=2026-03-15",
        f"cut={cut // 2}",
        f"cut={cut + 100}",
        "cut=0",
        "cut=-1",
    ):
        sam.get(f"{ada.path}/trend?{query}")
    for kind in ("text/csv", "image/svg+xml", "image/png", "application/pdf", "text/html", "*/*"):
        sam.get(f"{ada.path}/trend", Accept=kind)
        sam.get(f"{ada.path}/trend?instrument=phq9-daily", Accept=kind)
    ada.get("/v1/me/trend", Accept="image/svg+xml")
    for query in (f"from_cut={cut // 3}", f"from_cut={cut // 2}&to_cut={cut}", "from_cut=x", ""):
        sam.get(f"{ada.path}/trend/difference?{query}")
    sam.get(f"{ada.path}/trend/difference?instrument=phq9-daily&from_cut={cut // 2}")


def a_day_of_treatment(world: World) -> Story:
    """Dee's pressure: not cleared, a crisis, home against the rules (E1 to E6, then N2)."""
    yield at(4, 12)
    sam, recorder = world.sam, world.recorder
    dee = sam.patient("Dee", phone="+1 555 0120")
    world.kept.add(dee.id)
    course = sam.start_course(dee, product="esketamine")
    session = sam.add_session(dee, course, at(4, 13), product="esketamine", route="intranasal")
    one = f"{dee.path}/sessions/{session}"
    sam.get(one)
    sam.decide(dee, session, "clearance", "cleared")
    sam.screen(dee, "intracerebral_haemorrhage_history")
    sam.measure(dee, session, "pre", (150, 95))
    recorder.worker()
    sam.decide(dee, session, "clearance", "cleared")
    sam.screen(dee, "psychosis", note="in remission")
    for reason in (None, "   ", "138/88 after a rest"):
        sam.decide(dee, session, "clearance", "cleared", reason=reason)
    sam.decide(dee, session, "clearance", "discharged")
    yield at(4, 13, 40)
    sam.measure(dee, session, "during", (120, 80), sedation=1, spo2=89)
    sam.measure(dee, session, "post", (195, 88), heart_rate=130, spo2=97, dissociation=40)
    yield at(4, 13, 45)
    sam.measure(dee, session, "post", (185, 125), heart_rate=40)
    dee.report(forms.effect("chest_pain", 2), forms.effect("nausea", 1), session_id=session)
    recorder.worker()
    sam.decide(dee, session, "discharge", "discharged")
    yield at(4, 15, 45)
    sam.measure(dee, session, "discharge", (150, 85), sedation=3, spo2=91)
    sam.decide(dee, session, "discharge", "discharged")
    decision = {"id": sam.new_id(), "reason": "the cardiologist came"}
    for outcome in ("discharged", "discharged", "kept"):
        sam.decide(dee, session, "discharge", outcome, **decision)
    yield at(4, 18)
    dee.report(forms.effect("drove_within_restriction"))
    for item in sam.alerts_of(dee):
        sam.get(f"/v1/alerts/{item['id']}")
    recorder.worker()
    yield from days_after(world, dee, session)
    # Nothing comes from Dee after the second session: N2 lists it.
    yield at(11, 14)
    quiet = sam.add_session(dee, course, at(11, 13), product="esketamine", route="intranasal")
    yield at(15, 14)
    for item in sam.alerts_of(dee):
        sam.get(f"/v1/alerts/{item['id']}")
    sam.patch(f"{dee.path}/sessions/{quiet}", {"supervision": "unsupervised"})


def days_after(world: World, dee: Patient, session: str) -> Story:
    """What is still there a day later, reported, amended and refused; who reads it."""
    sam, recorder = world.sam, world.recorder
    one = f"{dee.path}/sessions/{session}"
    yield at(5, 16)
    persistent = dee.report(forms.effect("dissociation", 2), session_id=session)
    dee.post("/v1/side-effects", persistent)
    dee.post("/v1/side-effects", {**persistent, "effects": [forms.effect("nausea", 3)]})
    change = {"id": dee.new_id(), "effects": [forms.effect("seizure", 1)], "reason": "worse"}
    dee.post(f"/v1/side-effects/{persistent['id']}/amend", change)
    dee.post(f"/v1/side-effects/{persistent['id']}/amend", {**change, "id": dee.new_id()})
    void = {"id": dee.new_id(), "effects": [], "reason": "not me"}
    dee.post(f"/v1/side-effects/{change['id']}/amend", void)
    dee.report(forms.effect("other", 4), note="I was in hospital")
    dee.report(vitals={"systolic": 190, "diastolic": 125, "heart_rate": 90})
    nausea = forms.effect("nausea")
    refused: Bodies = (
        {"effects": []},
        {"effects": [forms.effect("no-such")]},
        {"effects": [forms.effect("nausea", 5)]},
        {"effects": [nausea, nausea]},
        {"effects": [nausea], "session_id": world.clinic},
        {"effects": [nausea], "vitals": {"systolic": 1, "diastolic": 1}},
    )
    for body in refused:
        head = {"id": dee.new_id(), "recorded_at": iso(recorder.now)}
        dee.post("/v1/side-effects", {**head, **body})
    for reader in (dee, sam, world.olly, world.admin, world.stranger):
        reader.get(f"/v1/side-effects?patient_id={dee.id}")
        reader.get(f"/v1/side-effects/{persistent['id']}")
        for path in ("courses", "sessions", "screenings", "concomitant-treatments"):
            reader.get(f"{dee.path}/{path}")
        for path in ("", "/vitals", "/decisions"):
            reader.get(f"{one}{path}")
    dee.get("/v1/side-effects?limit=1")
    yield at(6, 14)
    for item in sam.alerts_of(dee):
        sam.act(item["id"], "acknowledge")
        sam.get(f"/v1/alerts/{item['id']}")
        sam.act(item["id"], "resolve", {"disposition": "treatment_changed", "note": "lower dose"})


def refused_courses(world: World) -> Story:
    """Courses and sessions that cannot be, and those of other treatments."""
    yield at(5, 12)
    sam, recorder = world.sam, world.recorder
    lou = sam.patient("Lou")
    today = f"{recorder.now:%Y-%m-%d}"
    courses, sessions = f"{lou.path}/courses", f"{lou.path}/sessions"
    body = {**forms.course(today), "id": sam.new_id()}
    of_courses: Bodies = (
        {},
        {},
        {"phase": "maintenance"},
        {"product": "aspirin", "id": sam.new_id()},
        {"ended_on": "2020-01-01", "id": sam.new_id()},
        {"started_on": "2030-01-01", "id": sam.new_id()},
        {"maintenance_interval_days": 0, "id": sam.new_id()},
    )
    for changes in of_courses:
        sam.post(courses, {**body, **changes})
    course = body["id"]
    whole = {**forms.session(course, iso(at(5, 11))), "id": sam.new_id()}
    of_sessions: Bodies = (
        {},
        {},
        {"route": "im"},
        {"id": sam.new_id(), "course_id": world.clinic},
        {"id": sam.new_id(), "route": None},
        {"id": sam.new_id(), "started_at": "2026-03-07T10:00:00"},
        {"id": sam.new_id(), "ended_at": iso(at(4))},
        {"id": sam.new_id(), "dose": {"value": 0, "unit": "mg"}},
        {"id": sam.new_id(), "dose": {"value": "1", "unit": "mg"}},
        {"id": sam.new_id(), "weight_kg": 5},
        {"id": sam.new_id(), "supervision": "nobody"},
        {"id": sam.new_id(), "product": "esketamine", "route": "intranasal"},
        {"id": sam.new_id(), "started_at": iso(at(9))},
    )
    for changes in of_sessions:
        sam.post(sessions, {**whole, **changes})
    yield from changed_sessions(world, lou, course, whole["id"])


def changed_sessions(world: World, lou: Patient, course: str, session: str) -> Story:
    """Corrections, courses of other products, and who may not write."""
    sam = world.sam
    courses, sessions = f"{lou.path}/courses", f"{lou.path}/sessions"
    today = f"{world.recorder.now:%Y-%m-%d}"
    yield at(5, 12)
    one = f"{sessions}/{session}"
    of_changes: Bodies = ({"dose": {"value": 40, "unit": "mg"}}, {"dose": None}, {}, {"x": 1})
    for changes in of_changes:
        sam.patch(one, changes)
    tms = sam.start_course(lou, product="tms", phase="induction")
    for hour in (8, 9):
        sam.add_session(lou, tms, at(5, hour), product="tms", route=None)
    sam.start_course(lou, product="ect", new_baseline=True)
    page = document(sam.get(f"{sessions}?limit=1"))
    sam.get(f"{sessions}?limit=1&cursor={page['next_cursor']}")
    for writer in (lou, world.olly, world.admin, world.stranger, world.nobody):
        writer.post(courses, forms.course(today))
        writer.post(sessions, forms.session(course, iso(at(5, 11))))
        writer.patch(one, {"cancelled": True})
        writer.post(f"{lou.path}/screenings", {"screened_on": today})


def refused_measures(world: World) -> Story:
    """Vital signs, screenings and other treatment that cannot be."""
    yield at(5, 13)
    sam, recorder = world.sam, world.recorder
    max_ = sam.patient("Max")
    session = sam.add_session(max_, sam.start_course(max_), at(5, 12))
    head = {"phase": "pre", "taken_at": iso(recorder.now), "systolic": 120, "diastolic": 80}
    of_vitals: Bodies = (
        {"phase": "never"},
        {"taken_at": iso(at(9))},
        {"taken_at": iso(at(1))},
        {"systolic": 20},
        {"systolic": 80, "diastolic": 120},
        {"sedation": 6},
        {"id": sam.new_id()},
    )
    for changes in of_vitals:
        sam.post(f"{max_.path}/sessions/{session}/vitals", {**head, **changes})
    treatments, since = f"{max_.path}/concomitant-treatments", {"started_on": "2025-01-01"}
    for name, kind, stopped in (
        ("Sertraline", "antidepressant", None),
        ("Talk", "psychotherapy", "2024-01-01"),
        ("X", "x", None),
    ):
        sam.post(treatments, {**since, "name": name, "kind": kind, "stopped_on": stopped})
    first = document(sam.get(treatments))["items"][0]["id"]
    for stopped in ("2024-01-01", "2026-03-01", None):
        sam.patch(f"{treatments}/{first}", {"stopped_on": stopped})
    sam.screen(max_, "no_such_reason")
    sam.screen(max_, expires_on="2020-01-01")
    sam.screen(max_, expires_on="2026-03-08")


def a_course_that_does_not_help(world: World) -> Story:
    """Gus gets worse (M1, M2) and does not respond (M4)."""
    yield at(1, 15)
    sam = world.sam
    gus = sam.patient("Gus", indications=["TRD", "anxiety"])
    course = ""
    sessions = (9, 12, 15, 18)
    daily = dict(enumerate([9, 10, 8, 9, 10, 9, 8, 10, 9, 9, 8, 9, 10, 9, 9, 10, 9, 9], 2))
    daily |= {20: 15, 21: 17, 22: 18, 23: 19, 24: 18, 25: 19, 26: 12, 27: 9, 28: 9, 29: 8, 30: 9}
    weekly = {8: 14, 16: 13, 20: 19, 24: 21, 27: 24, 40: 15}
    for day in range(2, 41):
        if day == 9:
            yield at(day, 13)
            course = sam.start_course(gus)
        if day in sessions:
            yield at(day, 14)
            sam.add_session(gus, course, at(day, 13))
        yield at(day, 22)
        if day in daily:
            gus.check_in("phq9-daily", daily[day])
        if day in weekly:
            gus.check_in("phq9", weekly[day])
    yield at(41, 15)
    for item in sam.alerts_of(gus):
        sam.get(f"/v1/alerts/{item['id']}")
    sam.get(f"{gus.path}/trend")


STORIES: Final = (
    a_course_that_helps,
    a_day_of_treatment,
    refused_courses,
    refused_measures,
    a_course_that_does_not_help,
)
