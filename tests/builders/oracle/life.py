"""One random patient's life, entered over HTTP as people enter it and written down for the oracle.

The clock moves on; forms come late, with odd zones, corrected; sessions are planned, entered
afterwards, moved, cancelled; the patient is paused, discharged and taken back, moves house.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.builders.calls import made
from tests.builders.entries import phq9
from tests.builders.oracle.chart import (
    CSSRS,
    Absence,
    WrittenChart,
    WrittenCourse,
    WrittenForm,
    WrittenSession,
    mood_day,
)
from tests.builders.trends.chart import Chart, spread
from tests.builders.world import ClinicWorld

# A Monday in winter, after the newest edition of the formulas; clocks change on the way.
BEGIN = datetime(2027, 2, 1, 9, 7, tzinfo=UTC)
ZONES = ("Europe/Paris", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Asia/Tokyo")
MOST = {"phq9": 27, "phq9-daily": 27, "gad7": 21, "mood": 10}
SEVERITY = {"phq9": 18.0, "phq9-daily": 16.0, "gad7": 12.0, "mood": 3.0}
Act = Callable[[], None]


class Life:
    """What happens, in `diary`; what was entered so far, in `written`."""

    def __init__(
        self, clinic: ClinicWorld, clinic_zone: str, draw: Random, abroad: float = 0.3
    ) -> None:
        self.draw, self.clinic_zone = draw, clinic_zone
        # In most lives all clocks show the clinic's time.
        self.abroad = draw.random() < abroad
        self.phone_zone = draw.choice(ZONES) if self.abroad else clinic_zone
        patient = clinic.patient(timezone=self.phone_zone)
        self.chart = Chart(clinic, patient, now=BEGIN, timezone=self.phone_zone)
        self.written = WrittenChart(BEGIN, self.phone_zone, BEGIN)
        self.diary = [f"clinic in {clinic_zone}, patient in {self.phone_zone}"]
        self.level = draw.choice((1.0, 1.0, 1.0, 0.45))
        self.relief = 0.0
        self.away_until: date | None = None
        self.courses: list[str] = []
        self.later: list[tuple[datetime, Act]] = []

    # -- the story ------------------------------------------------------------------------------

    def moments(self) -> Iterator[str]:
        """Live on; stops twice or more to be looked at."""
        draw = self.draw
        self.old_forms()
        self.weeks(draw.randint(4, 16), treated=False)
        if draw.random() < 0.3:
            yield self.moment("before treatment")
        self.course("induction")
        self.weeks(draw.randint(8, 20), treated=True)
        yield self.moment("in treatment")
        self.weeks(draw.randint(5, 30), treated=False)
        if draw.random() < 0.4:
            gap = draw.choice((20, 95))
            self.skip(gap)
            self.weeks(draw.randint(2, 8), treated=False)
            self.course("maintenance", new_baseline=draw.random() < 0.3)
            self.weeks(draw.randint(4, 12), treated=True)
            self.weeks(draw.randint(3, 14), treated=False)
        yield self.moment("at the end")

    def moment(self, name: str) -> str:
        """Nothing is waiting any more."""
        return f"{name} ({self.chart.now.isoformat()})"

    def skip(self, days: int) -> None:
        """Silence."""
        self.chart.later(days=days)
        self.relief *= 0.3

    def weeks(self, days: int, *, treated: bool) -> None:
        """So many days, each with what people do on it."""
        for number in range(days):
            day_end = self.chart.now + timedelta(days=1)
            if treated and (number == 0 or self.draw.random() < 0.35):
                self.at_some_hour(self.treat)
            for instrument, chance in (
                ("phq9-daily", 0.75),
                ("mood", 0.4),
                ("phq9", 0.3),
                ("gad7", 0.12),
            ):
                if self.draw.random() < chance:
                    self.at_some_hour(partial(self.answer, instrument))
                if self.draw.random() < 0.08:
                    self.at_some_hour(partial(self.answer, instrument))
            for chance, act in (
                (0.06, self.cssrs),
                (0.12, self.amend),
                (0.08, self.late),
                (0.02, self.pause),
                (0.02, self.discharge),
                (0.03, self.move_house),
                (0.04, self.travel),
                (0.06, self.correct_session),
            ):
                if self.draw.random() < chance:
                    self.at_some_hour(act)
            self.live_until(day_end)
            self.relief = max(0.0, self.relief - self.draw.uniform(0.0, 0.09))

    def at_some_hour(self, act: Act) -> None:
        """Later on this day."""
        self.plan(timedelta(minutes=self.draw.randint(1, 1380)), act)

    def plan(self, span: timedelta, act: Act) -> None:
        """Let something happen so much later."""
        self.later.append((self.chart.now + span, act))

    def live_until(self, end: datetime) -> None:
        """Do what was planned, in its order."""
        while True:
            ready = sorted((one for one in self.later if one[0] <= end), key=lambda one: one[0])
            if not ready:
                break
            self.later.remove(ready[0])
            self.chart.at(ready[0][0])
            ready[0][1]()
        self.chart.at(end)

    def wrote(self, words: str, *, entry: bool = True) -> None:
        """A write was answered; of the status or the profile no report is newer."""
        if entry:
            self.written.at = self.chart.now
        self.diary.append(f"{self.chart.now.isoformat(timespec='minutes')} {words}")

    # -- the phone ------------------------------------------------------------------------------

    def answers(self, instrument: str) -> dict[str, Any]:
        """A form about as severe as the patient is; some are not complete."""
        draw = self.draw
        ill = SEVERITY[instrument] * self.level * (1 - self.relief)
        if instrument == "mood":
            ill = 8 - 6 * self.level * (1 - self.relief)
        total = min(MOST[instrument], max(0, round(ill + draw.gauss(0, 2.0))))
        found: dict[str, Any] = (
            {"q1": total} if instrument == "mood" else dict(spread(instrument, total))
        )
        if instrument in {"phq9", "phq9-daily"} and draw.random() < 0.12:
            found["q9"] = draw.choice((1, 2, 3))
        if draw.random() < 0.1:
            found[draw.choice(sorted(found))] = draw.choice((None, "declined"))
        return found

    def answer(self, instrument: str, ago: timedelta = timedelta()) -> None:
        """A form, now or about an earlier hour."""
        if self.is_away():
            return
        self.send(instrument, self.answers(instrument), ago)

    def send(self, instrument: str, answers: dict[str, Any], ago: timedelta) -> None:
        """One form, as this phone stamps it."""
        draw = self.draw
        zone = draw.choices((self.phone_zone, None, "Mars/Olympus"), (0.92, 0.05, 0.03))[0]
        recorded_at = (self.chart.now - ago).astimezone(ZoneInfo(self.phone_zone))
        about = None
        if draw.random() < 0.06:
            about = mood_day(recorded_at, ZoneInfo(self.phone_zone))
            about -= timedelta(days=draw.choice((0, 1, 2, 3)))
        sent = phq9(
            instrument=instrument,
            answers=answers,
            recorded_at=recorded_at.isoformat(),
            timezone=zone,
        ) | ({"mood_day": about.isoformat()} if about else {})
        made(self.chart.post("/v1/check-ins", sent, self.chart.pat))
        stored = WrittenForm(
            sent["id"],
            instrument,
            datetime.fromisoformat(sent["recorded_at"]),
            self.chart.now,
            zone,
            about,
            self.written.timezone,
            (answers,),
        )
        self.written.forms.append(stored)
        self.wrote(
            f"{instrument} {_words(answers)} recorded {sent['recorded_at']} {zone}"
            f" about {about}: {stored.mood_day}"
        )

    def late(self) -> None:
        """A form that was filled in days ago."""
        ago = timedelta(minutes=self.draw.randint(60, 12 * 1440))
        self.answer(self.draw.choice(("phq9", "phq9-daily", "mood")), ago)

    def old_forms(self) -> None:
        """Forms of long before, typed in on the first day."""
        if self.draw.random() < 0.3:
            self.plan(timedelta(minutes=5), lambda: self.answer("phq9", timedelta(days=310)))
        if self.draw.random() < 0.3:
            self.plan(timedelta(minutes=9), lambda: self.answer("phq9-daily", timedelta(days=40)))
        if self.draw.random() < 0.2:
            self.plan(timedelta(minutes=13), self.years_ago)

    def years_ago(self) -> None:
        """A stamp that nobody believes: it enters no series."""
        self.answer("phq9", timedelta(days=800))
        self.written.forms.pop()

    def cssrs(self) -> None:
        """A screener."""
        if not self.is_away():
            self.send(CSSRS, self.screened(), timedelta())

    def screened(self) -> dict[str, Any]:
        """The answers to it; some leave a link out."""
        yes = self.draw.choice(((), (), ("q1",), ("q1", "q2", "q3"), ("q6",), ("q2", "q4")))
        links = ("q1", "q2", "q3", "q4", "q5", "q6", "q6b")
        found: dict[str, Any] = {link: int(link in yes) for link in links}
        if self.draw.random() < 0.15:
            found[self.draw.choice(links)] = None
        return found

    def amend(self) -> None:
        """A new version of one of the last forms."""
        if not self.written.forms or self.is_away():
            return
        form = self.draw.choice(self.written.forms[-12:])
        if form.instrument == CSSRS:
            answers = self.screened()
        else:
            answers = self.answers(form.instrument)
            if self.draw.random() < 0.2:
                answers = dict.fromkeys(answers)
        self.chart.amend(form.id, answers)
        changed = WrittenForm(**{**vars(form), "versions": (*form.versions, answers)})
        self.written.replace_form(changed)
        self.wrote(f"amend {form.instrument} of {form.mood_day}: {_words(answers)}")

    def travel(self) -> None:
        """The phone is in another zone."""
        if not self.abroad:
            return
        self.phone_zone = self.draw.choice(ZONES)
        self.diary.append(f"phone now in {self.phone_zone}")

    # -- the clinic -----------------------------------------------------------------------------

    def course(self, phase: str, *, new_baseline: bool = False) -> None:
        """A new course from today on."""
        today = self.chart.now.date().isoformat()
        self.product = self.draw.choice(("ketamine", "esketamine"))
        more = {"new_baseline": True} if new_baseline else {}
        course = self.chart.course(product=self.product, phase=phase, started_on=today, **more)
        self.courses.append(course)
        self.written.courses.append(
            WrittenCourse(course, phase, date.fromisoformat(today), new_baseline)
        )
        self.wrote(f"course {course} {phase} new_baseline={new_baseline}")

    def treat(self) -> None:
        """A session: entered as it ends, days later, or planned before."""
        started_at, course = self.chart.now, self.courses[-1]
        kind = self.draw.choices(("now", "late", "planned"), (0.7, 0.15, 0.15))[0]
        self.relief = min(0.85, self.relief + self.draw.uniform(0.1, 0.55))
        if kind == "planned":
            started_at += timedelta(hours=self.draw.randint(20, 70))
        wait = {"now": 40, "planned": 1, "late": self.draw.randint(600, 6000)}[kind]
        self.plan(timedelta(minutes=wait), lambda: self.enter(course, started_at, kind))

    def enter(self, course: str, started_at: datetime, kind: str) -> None:
        """Store the session."""
        more = {} if self.product == "ketamine" else {"route": "intranasal"}
        zone = self.place_of(started_at)
        if zone != self.clinic_zone:
            more["timezone"] = zone
        found = self.chart.session(course, started_at, product=self.product, **more)
        self.written.sessions.append(WrittenSession(found["id"], course, started_at, zone))
        assert found["timezone"] == zone, (found["timezone"], zone)
        self.wrote(f"session {found['id']} {kind} at {started_at.isoformat()} {zone}")

    def place_of(self, started_at: datetime) -> str:
        """The zone of a session: nobody is treated in two within three days."""
        for one in self.written.sessions:
            if abs(one.started_at - started_at) < timedelta(days=3):
                return one.zone
        is_elsewhere = self.abroad and self.draw.random() < 0.4
        return self.draw.choice(ZONES) if is_elsewhere else self.clinic_zone

    def correct_session(self) -> None:
        """A wrong hour, or it did not take place."""
        if not self.written.sessions:
            return
        session = self.draw.choice(self.written.sessions[-3:])
        if self.draw.random() < 0.3:
            changes: dict[str, Any] = {"cancelled": not session.cancelled}
        else:
            moved = session.started_at + timedelta(minutes=self.draw.randint(-900, 900))
            changes = {"started_at": moved}
        sent = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in changes.items()
        }
        changed = self.chart.change(session.id, **sent)
        assert changed["timezone"] == session.zone, (changed["timezone"], session.zone)
        self.written.replace_session(session.id, **changes)
        self.wrote(f"session {session.id} corrected: {sent}")

    def is_away(self) -> bool:
        """Discharged: ordinary check-ins are refused."""
        return any(one.last is None for one in self.written.absences)

    def today(self) -> date:
        """The patient's mood day."""
        return mood_day(self.chart.now, ZoneInfo(self.written.timezone))

    def set_status(self, **fields: Any) -> None:
        """Of the patient; open alerts that stand against it are resolved first."""
        for alert in self.chart.get(f"/v1/alerts?patient_id={self.chart.pat.patient_id}")["items"]:
            if alert["status"] != "resolved":
                body = {"disposition": "safe_plan_made", "note": "seen"}
                made(self.chart.post(f"/v1/alerts/{UUID(alert['id'])}/resolve", body), 200)
        made(self.chart.patch(self.chart.path, fields), 200)

    def is_here(self) -> bool:
        """Neither paused nor discharged."""
        return not any(one.holds(self.today()) for one in self.written.absences)

    def pause(self) -> None:
        """Some days without check-ins that are due; sometimes ended before."""
        if not self.is_here():
            return
        days = self.draw.randint(2, 9)
        until = self.today() + timedelta(days=days)
        self.set_status(status="paused", reason="holiday", until_on=until.isoformat())
        self.written.absences.append(Absence(self.today(), until))
        self.wrote(f"paused until {until}", entry=False)
        if self.draw.random() < 0.5:
            self.plan(timedelta(days=self.draw.randint(1, days)), self.come_back)

    def discharge(self) -> None:
        """Discharged, and taken back days later."""
        if not self.is_here():
            return
        self.set_status(status="discharged")
        self.written.absences.append(Absence(self.today(), None))
        self.wrote("discharged", entry=False)
        self.plan(timedelta(hours=self.draw.randint(30, 150)), self.come_back)

    def come_back(self) -> None:
        """Active again: the days until yesterday stay out."""
        if self.is_here():
            return
        self.set_status(status="active")
        away, last = self.written.absences[-1], self.today() - timedelta(days=1)
        self.written.absences[-1:] = [Absence(away.first, last)] if last >= away.first else []
        self.wrote("active again", entry=False)

    def move_house(self) -> None:
        """Another zone in the profile."""
        if not self.abroad:
            return
        zone = self.draw.choice(ZONES)
        made(self.chart.patch(self.chart.path, {"timezone": zone}), 200)
        self.written.timezone = zone
        self.wrote(f"profile now in {zone}", entry=False)


def _words(answers: dict[str, Any]) -> str:
    numbers = [one for one in answers.values() if isinstance(one, int)]
    gaps = len(answers) - len(numbers)
    return f"{sum(numbers)}" + (f" ({gaps} without)" if gaps else "") + f" q9={answers.get('q9')}"
