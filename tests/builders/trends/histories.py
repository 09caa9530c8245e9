"""Histories of made-up patients, played at made-up times through the public services."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st

from services.exceptions import Invalid
from services.intake.check_in import amend_check_in, record_check_in
from services.intake.forms import AmendForm, CheckInForm
from services.intake.refused import Refused, answer_refusal
from services.intake.stated_times import state_time
from services.patients.recount import count_entries_of
from services.patients.status.row import differences
from services.reports.cohort.reader import keep, outcomes_of_all, outdated
from services.unit_of_work import transaction
from tests.builders.world import Person

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
ITEMS = {"phq9": 9, "phq9-daily": 9, "gad7": 7}
ANSWER = st.sampled_from([0, 1, 2, 3, None, "declined"])


@st.composite
def answers(draw: st.DrawFn, instrument: str) -> dict[str, Any]:
    """Mostly complete forms, some with gaps."""
    if instrument == "cssrs-screener":
        links = ("q1", "q2", "q3", "q4", "q5", "q6", "q6b")
        return {link: draw(st.sampled_from([0, 0, 1, None])) for link in links}
    numbers = draw(st.lists(st.integers(0, 3), min_size=9, max_size=9))
    found: dict[str, Any] = {f"q{n}": numbers[n - 1] for n in range(1, ITEMS[instrument] + 1)}
    if draw(st.integers(0, 3)) == 0:
        found[draw(st.sampled_from(sorted(found)))] = draw(ANSWER)
    return found


class Phone:
    """Plays a history on one patient, at made-up times."""

    def __init__(self, patient: Person, clinician: Person | None = None) -> None:
        self.patient, self.clinician, self.now = patient, clinician, START
        self.sent: list[tuple[Any, str]] = []

    def play(self, step: dict[str, Any]) -> None:
        self.now += timedelta(hours=step["after"], microseconds=1)  # no two writes at one instant
        getattr(self, step["kind"])(step)

    def actor(self, step: dict[str, Any]) -> Any:
        return replace(self.patient.actor, token_expired=step["expired"])

    def form(self, step: dict[str, Any]) -> None:
        recorded = self.now - timedelta(hours=step["late"])
        sent = CheckInForm(
            uuid4(),
            step["instrument"],
            step["answers"],
            recorded.astimezone(timezone(timedelta(hours=13))),
            step["timezone"],
        )
        record_check_in(self.actor(step), sent, None, self.now)
        self.sent.append((sent.id, step["instrument"]))

    def amend(self, step: dict[str, Any]) -> None:
        same = [known for known, instrument in self.sent if instrument == step["instrument"]]
        if not same:
            return
        changed = dict.fromkeys(step["answers"]) if step["blank"] else step["answers"]
        amendment = AmendForm(uuid4(), changed, "a slip of the thumb")
        amend_check_in(self.actor(step), same[step["which"] % len(same)], amendment, None, self.now)

    def refused(self, step: dict[str, Any]) -> None:
        body = f'{{"instrument": "phq9", "answers": {{"q9": 2}}, "odd": {step["which"]}}}'
        refused = Refused("/v1/check-ins", body.encode(), {"status": 422})
        answer_refusal(self.patient.actor, refused, self.now)

    def state(self, step: dict[str, Any]) -> None:
        """A clinician says when something was answered; of most forms nobody doubts it."""
        if self.clinician is None or not self.sent:
            return
        check_in_id = self.sent[step["which"] % len(self.sent)][0]
        answered_at = START - timedelta(hours=step["after"])
        with suppress(Invalid):
            # Staff are logged in for hours, a history lasts weeks.
            state_time(self.clinician.actor, check_in_id, answered_at, "asked them", START)

    def refresh(self, step: dict[str, Any]) -> None:
        with transaction(self.patient.actor.clinic_id) as session:
            count_entries_of(
                session, self.patient.patient_id, self.patient.actor.family_id, datetime.now(UTC)
            )


def faults(patient: Person) -> list[str]:
    """What is kept about a patient and differs from a recompute; the cohort keeps theirs again."""
    with transaction(patient.actor.clinic_id) as session:
        found = differences(session, patient.patient_id)
        if outdated(session, patient.patient_id, datetime.now(UTC)):
            found.append("kept_outcomes")
        list(outcomes_of_all(session, datetime.now(UTC), partial(keep, session)))
        return found
