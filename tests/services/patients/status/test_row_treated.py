"""The status row of a treated patient: what is cached, and what the caseload reads of it at any
later time, must equal a recompute, whatever staff enter, correct or cancel, and in which zone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from flask import Flask
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, select, update

from models import PatientStatus, TokenFamily
from services.accounts.accept import Acceptance, accept
from services.caseload.patient.change import change_patient
from services.caseload.worklist.listing import list_caseload
from services.caseload.worklist.statement import CaseloadFilter
from services.exceptions import Invalid
from services.membership.invitations import invite_device
from services.patients.status.row import CACHED, recompute
from services.treatment.courses import change_course, create_course
from services.treatment.sessions import change_session, create_session
from services.unit_of_work import transaction
from tests.builders.trends.histories import START, Phone, answers, faults
from tests.builders.world import ClinicWorld, Person, World

ZONES = ("Europe/Paris", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata")
SESSION = {"product": "ketamine", "route": "iv", "supervision": "clinic"}
FORM = {"late": 0, "expired": False}
ILL = {f"q{n}": 2 for n in range(1, 9)} | {"q9": 0}
# What is no cache: whose row it is, the lock's counter, and as of when the figures were made.
NO_CACHE = {"clinic_id", "patient_id", "revision", "two_week_figures_at", "daily_figures_at"}
# May be sooner than a recompute: `verify_caseload` sees whether it is later.
NO_CACHE |= {"silence_due_at"}


FIGURES = (
    "baseline",
    "current",
    "daily_m7",
    "non_response",
    "next_session_at",
    "wearing_off_on",
    "maintenance_due_on",
)
# Sessions begin, and four weeks after the first of them non-response is decided by time.
LATER = [timedelta(hours=hours) for hours in (0, 5, 30, 24 * 3, 24 * 7, 24 * 22, 24 * 29)]


class Treatment(Phone):
    """A patient's phone, and the staff who treat them."""

    def __init__(self, clinic: ClinicWorld) -> None:
        super().__init__(clinic.patient())
        self.staff = treating(clinic)
        self.courses: list[UUID] = []
        self.sessions: list[UUID] = []
        self.course({"phase": "induction", "interval": None})

    @property
    def row(self) -> Any:
        with transaction(self.patient.actor.clinic_id) as session:
            mine = PatientStatus.patient_id == self.patient.patient_id
            return session.execute(select(PatientStatus.__table__).where(mine)).one()

    def read(self, at: datetime) -> dict[str, Any]:
        """The patient's row of the caseload as it is read at an instant."""
        rows = list_caseload(self.staff, CaseloadFilter(limit=500), at)["items"]
        return next(dict(row) for row in rows if row["id"] == self.patient.patient_id)

    def expected(self, at: datetime) -> dict[str, Any]:
        """The same figures from the whole history."""
        with transaction(self.patient.actor.clinic_id) as session:
            found = recompute(session, self.patient.patient_id, at, at)
        figures = {name: found[name] for name in FIGURES}
        figures |= {"daily_slope_per_week": found["daily_slope"]}
        figures |= {"trend_status": found["trend_status"] or "baseline_missing"}
        last = (found["last_session_id"], found["last_session_at"])
        return figures | {"last_session": None if last[0] is None else last}

    def on(self, days: float) -> datetime:
        return START + timedelta(days=days)

    def days(self, step: dict[str, Any]) -> None:
        """Daily forms on the following days; none where there is no number."""
        for total in step["totals"]:
            if total is not None:
                self.daily(total, step.get("late", 0))
            self.now += timedelta(days=1)

    def daily(self, total: int, late: int = 0) -> None:
        given = {f"q{n}": min(3, max(0, total - 3 * (n - 1))) for n in range(1, 9)} | {"q9": 0}
        form = {"instrument": "phq9-daily", "answers": given, "timezone": step_zone(self.now)}
        self.form({**FORM, **form, "late": late})

    def course(self, step: dict[str, Any]) -> None:
        fields = {
            "product": "ketamine",
            "phase": step["phase"],
            "started_on": self.now.date(),
            "maintenance_interval_days": step["interval"],
        }
        made = create_course(self.staff, self.patient.patient_id, None, fields, self.now)
        self.courses.append(UUID(orjson.loads(made.body)["id"]))

    def close(self, step: dict[str, Any]) -> None:
        which = self.courses[step["which"] % len(self.courses)]
        ended = {"ended_on": (self.now + timedelta(days=step["offset"])).date()}
        self.attempt(change_course, which, ended)

    def session(self, step: dict[str, Any]) -> None:
        """Entered late where the offset is negative, planned where it is positive (days)."""
        fields = {
            **SESSION,
            "course_id": self.courses[step["which"] % len(self.courses)],
            "started_at": self.now + timedelta(days=step["offset"]),
            "timezone": step.get("timezone"),
        }
        made = self.attempt(create_session, None, fields)
        if made is not None:
            self.sessions.append(UUID(orjson.loads(made.body)["id"]))

    def cure(self, step: dict[str, Any]) -> None:
        """A session whose effect comes and (more often than not) goes."""
        self.days({"totals": [20, 21]})
        self.session({**step, "offset": 0})
        self.now += timedelta(hours=1)
        self.days({"totals": [None, 5, 6, *step["totals"]]})

    def correct(self, step: dict[str, Any]) -> None:
        self.change(step, started_at=self.now + timedelta(days=step["offset"]))

    def cancel(self, step: dict[str, Any]) -> None:
        self.change(step, cancelled=step["offset"] < 3)

    def move(self, step: dict[str, Any]) -> None:
        zone = ZONES[step["which"] % len(ZONES)]
        change_patient(self.staff, self.patient.patient_id, {"timezone": zone}, self.now)

    def change(self, step: dict[str, Any], **fields: Any) -> None:
        if self.sessions:
            which = self.sessions[step["which"] % len(self.sessions)]
            self.attempt(change_session, which, fields)

    def attempt(self, call: Callable[..., Any], which: UUID | None, fields: Any) -> Any:
        """A random history asks for some things that are refused, and these change nothing."""
        try:
            return call(self.staff, self.patient.patient_id, which, fields, self.now)
        except Invalid:
            event("refused")
            return None


def step_zone(now: datetime) -> str:
    """The phone travels: its zone is not always that of the record."""
    return ZONES[now.day % 2]


def treating(clinic: ClinicWorld) -> Any:
    """A clinician whose log-in outlasts the made-up months."""
    actor = clinic.staff().actor
    with clinic.app.app_context(), transaction(clinic.id) as session:
        mine = TokenFamily.id == actor.family_id
        session.execute(update(TokenFamily).where(mine).values(lifetime_s=10**8))
    return actor


# Days of one kind in a row, as an effect comes and goes.
RUNS = st.sampled_from([[20, 20, 21], [4, 5], [None], [None] * 4, [9, 12], [19, 22], [3]])


@st.composite
def steps(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A treatment: sessions on time, late, planned and passed, corrected, cancelled, taken back;
    days of forms, some late; two-week forms and their amendments; courses; moves.
    """
    kinds = (
        ["cure"] * 3
        + ["session"] * 3
        + ["days"] * 4
        + ["form", "form", "amend", "correct", "cancel"]
    )
    kinds += ["amend", "correct", "cancel", "move", "course", "close", "refresh"]
    ill = {"kind": "days", "totals": [20, 21, 19, 20], "after": 0}
    history: list[dict[str, Any]] = [ill]
    for _ in range(draw(st.integers(3, 14))):
        instrument = draw(st.sampled_from(["phq9", "phq9-daily"]))
        history.append(
            {
                "kind": draw(st.sampled_from(kinds)),
                "instrument": instrument,
                "answers": draw(answers(instrument)),
                "totals": [total for run in draw(st.lists(RUNS, max_size=4)) for total in run],
                "after": draw(st.integers(-2, 90)),
                "late": draw(st.sampled_from([0, 0, 0, 30, 24 * 6, 24 * 20])),
                "offset": draw(st.sampled_from([-20, -6, -1.5, -0.2, -0.2, 0, 2, 6])),
                "timezone": draw(st.sampled_from([*ZONES, None])),
                "expired": draw(st.integers(0, 9)) == 0,
                "which": draw(st.integers(0, 9)),
                "blank": draw(st.booleans()),
                "phase": draw(st.sampled_from(["induction", "maintenance"])),
                "interval": draw(st.sampled_from([None, 7, 14])),
            }
        )
    return history


@pytest.fixture
def old_clinic(app: Flask, clean_database: None) -> ClinicWorld:
    return World(app, now=START).clinic()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=steps())
def test_after_every_step_of_a_treatment_the_row_equals_a_recompute(
    app: Flask, old_clinic: ClinicWorld, history: list[dict[str, Any]]
) -> None:
    with app.app_context():
        treatment, latest = Treatment(old_clinic), START
        for number, step in enumerate(history):
            treatment.play(step)
            assert faults(treatment.patient) == [], f"after step {number}, {step['kind']}"
            latest = max(latest, treatment.now)  # a history may go back a little
            event(f"was wearing off: {treatment.row.wearing_off_on is not None}")
        now = treatment.read(latest)
        for later in LATER:
            row, expected = treatment.read(latest + later), treatment.expected(latest + later)
            event(f"changed by time: {row != now}")
            last = row["last_session"]
            row["last_session"] = last and (last["id"], last["started_at"])
            assert {name: row[name] for name in expected} == expected, later


@pytest.fixture
def treated(app: Flask, old_clinic: ClinicWorld) -> Treatment:
    """Ill for a week, treated on day 7 (in a maintenance course of 10 days), better for three days,
    ill again from day 11 on; the next session is planned for day 20.
    """
    with app.app_context():
        treatment = Treatment(old_clinic)
        treatment.course({"phase": "maintenance", "interval": 10})
        treatment.days({"totals": [20] * 7})
        treatment.session({"which": 1, "offset": 0})
        treatment.now += timedelta(hours=1)
        treatment.days({"totals": [18, 5, 5, 6, 19, 20, 20]})
        treatment.session({"which": 1, "offset": 6})
    return treatment


def test_what_the_row_knows_of_a_treatment(app: Flask, treated: Treatment) -> None:
    with app.app_context():
        row = treated.row
        assert (row.last_session_id, row.next_session_id) == tuple(treated.sessions)
        assert (row.last_session_at, row.sessions_in_course) == (treated.on(7), 1)
        assert row.next_session_at == treated.on(20) + timedelta(hours=1)
        assert row.wearing_off_on == treated.on(11).date()
        assert row.maintenance_due_on == treated.on(17).date()
        assert faults(treated.patient) == []


def test_a_planned_session_that_passed_counts_without_any_write(
    app: Flask, treated: Treatment
) -> None:
    with app.app_context():
        before, treated.now = treated.read(treated.on(20)), treated.on(21)
        assert before["last_session"]["id"] == treated.sessions[0]
        assert before["wearing_off_on"] == treated.on(11).date()
        passed = treated.read(treated.now)
        assert passed["last_session"]["id"] == treated.sessions[1]
        assert (passed["next_session_at"], passed["wearing_off_on"]) == (None, None)
        assert passed["maintenance_due_on"] == treated.on(30).date()
        assert faults(treated.patient) == []
        treated.daily(6)
        row = treated.row
        assert (row.last_session_id, row.next_session_id) == (treated.sessions[1], None)
        assert (row.wearing_off_on, row.sessions_in_course) == (None, 2)
        assert faults(treated.patient) == []


def test_non_response_is_known_four_weeks_after_the_first_session_without_any_write(
    app: Flask, old_clinic: ClinicWorld
) -> None:
    with app.app_context():
        treatment = Treatment(old_clinic)
        form = {**FORM, "instrument": "phq9", "answers": ILL, "timezone": "Europe/Paris"}
        treatment.form(form)
        treatment.session({"which": 0, "offset": 1})
        treatment.now = treatment.on(5)
        treatment.form(form)
        assert treatment.read(treatment.on(28))["non_response"] is False
        assert treatment.read(treatment.on(29))["non_response"] is True
        assert "no response after 1 session" in treatment.read(treatment.on(29))["reason"]


def test_a_cancelled_session_gives_the_row_of_the_one_before(
    app: Flask, treated: Treatment
) -> None:
    with app.app_context():
        before = treated.row
        treated.session({"which": 1, "offset": -0.5})
        assert treated.row.wearing_off_on is None
        treated.cancel({"which": 2, "offset": 0})
        after = treated.row
        assert [getattr(after, name) for name in CACHED] == [
            getattr(before, name) for name in CACHED
        ]


def test_a_session_entered_late_moves_what_came_after_it(app: Flask, treated: Treatment) -> None:
    with app.app_context():
        treated.session({"which": 1, "offset": -2})
        assert treated.row.last_session_id == treated.sessions[2]
        assert treated.row.maintenance_due_on == treated.on(22).date()
        assert faults(treated.patient) == []


def in_the_record(treated: Treatment) -> None:
    treated.move({"which": 1})


def on_a_new_phone(treated: Treatment) -> None:
    invited = invite_device(treated.staff, treated.patient.patient_id, treated.now)
    accept(Acceptance(invited.code, timezone=ZONES[1]), "127.0.0.1", treated.now)


@pytest.mark.parametrize("move", [in_the_record, on_a_new_phone])
def test_another_zone_leaves_the_days_of_sessions(
    app: Flask, treated: Treatment, move: Callable[[Treatment], None]
) -> None:
    """The session on day 7 at 17:00 in Paris was on day 8 in Auckland: it was held in Paris."""
    with app.app_context():
        treated.correct({"which": 0, "offset": -6.7})
        before = treated.row
        move(treated)
        assert treated.row.maintenance_due_on == before.maintenance_due_on
        assert faults(treated.patient) == []


def test_every_column_of_the_row_is_compared() -> None:
    columns = {column.name for column in inspect(PatientStatus).columns}
    assert columns - NO_CACHE == set(CACHED)


TAMPERED: dict[str, Any] = {
    "non_response": True,
    "last_session_id": None,
    "last_session_at": START + timedelta(days=6),
    "sessions_in_course": 2,
    "next_session_id": None,
    "next_session_at": START + timedelta(days=30),
    "wearing_off_on": None,
    "maintenance_due_on": START.date(),
}


@pytest.mark.parametrize("column", TAMPERED)
def test_verify_names_a_tampered_column_of_the_treatment(
    app: Flask, treated: Treatment, column: str
) -> None:
    patient: Person = treated.patient
    runner = app.test_cli_runner()
    assert runner.invoke(args=["caseload", "verify"]).exit_code == 0
    with app.app_context(), transaction(patient.actor.clinic_id) as session:
        session.execute(
            update(PatientStatus)
            .where(PatientStatus.patient_id == patient.patient_id)
            .values({column: TAMPERED[column]})
        )
    result = runner.invoke(args=["caseload", "verify"])
    assert result.exit_code == 1
    assert f"patient {patient.patient_id}: {column}\n" in result.output


def test_a_lost_instant_of_the_figures_is_found(app: Flask, treated: Treatment) -> None:
    """Without it the cached sessions stand on nothing."""
    with app.app_context():
        with transaction(treated.patient.actor.clinic_id) as session:
            session.execute(update(PatientStatus).values(daily_figures_at=None))
        assert "last_session_id" in faults(treated.patient)
