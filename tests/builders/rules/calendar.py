"""Patients with a schedule, written as a person would write a calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from services.rules.courses import Course, Product, Route, Session, Treatment
from services.rules.mood_days import DaySpan, shift
from services.rules.schedule.case import AnsweredForm, DueItem, ScheduleCase
from services.rules.schedule.due import items_of, windows_between, windows_now

KOLKATA = ZoneInfo("Asia/Kolkata")
NEW_YORK = ZoneInfo("America/New_York")
ACCEPTED = "03-01 09:00"


def moment(written: str, zone: tzinfo = KOLKATA) -> datetime:
    """`03-10 14:00` of 2026 on the wall clock of the zone; a year may stand before it."""
    full = written if written.count("-") == 2 else f"2026-{written}"
    return datetime.fromisoformat(full).replace(tzinfo=zone).astimezone(UTC)


def day_of(written: str) -> date:
    """`03-10` of 2026."""
    return date.fromisoformat(f"2026-{written}")


def sessions_at(
    *starts: str,
    zone: tzinfo = KOLKATA,
    product: Product = "ketamine",
    route: Route | None = "iv",
    course: str = "c1",
) -> Treatment:
    """One course; its sessions `s1`, `s2` … last 40 minutes."""
    sessions = tuple(
        Session(f"s{number}", course, moment(start, zone), product, route)
        for number, start in enumerate(starts, 1)
    )
    return Treatment((Course(course, product, "induction", day_of("01-01")),), sessions)


def answers(*written: str, zone: tzinfo = KOLKATA) -> list[AnsweredForm]:
    """Each about the mood day on which it was recorded, unless `… about 03-09` says another."""
    made = []
    for one in written:
        when, _, about = one.partition(" about ")
        instant = moment(when, zone)
        own = (instant.astimezone(zone).replace(tzinfo=None) - timedelta(hours=4)).date()
        made.append(AnsweredForm(day_of(about) if about else own, instant))
    return made


def case(
    treatment: Treatment | None = None,
    *,
    zone: tzinfo = KOLKATA,
    accepted: str | None = ACCEPTED,
    paused: tuple[tuple[str, str], ...] = (),
    indications: tuple[str, ...] = (),
    is_followed: bool = True,
    **answered: list[AnsweredForm],
) -> ScheduleCase:
    """A patient of March 2026; answers by instrument, `phq9_daily` for `phq9-daily`."""
    return ScheduleCase(
        zone=zone,
        accepted_at=None if accepted is None else moment(accepted, zone),
        away=[DaySpan(day_of(first), day_of(last)) for first, last in paused],
        treatment=treatment or Treatment(),
        answered={
            "phq9-daily" if name == "phq9_daily" else name: given
            for name, given in answered.items()
        },
        indications=frozenset(indications),
        is_followed=is_followed,
    )


def wall(instant: datetime, zone: tzinfo = KOLKATA) -> str:
    """An instant as the patient's clock shows it."""
    return instant.astimezone(zone).strftime("%m-%d %H:%M")


def line(item: DueItem, zone: tzinfo = KOLKATA) -> str:
    """`before_session s1: 03-07 14:00, 03-10 14:00, 03-10 14:00 due`."""
    name = item.reason if item.session_id is None else f"{item.reason} {item.session_id}"
    times = ", ".join(wall(one, zone) for one in (item.opens_at, item.due_at, item.expires_at))
    return f"{name}: {times} {item.status}"


def lines(items: tuple[DueItem, ...], instrument: str, zone: tzinfo = KOLKATA) -> list[str]:
    """The items of one instrument, in order."""
    return [line(item, zone) for item in items if item.instrument == instrument]


def due_items(case: ScheduleCase, now: datetime) -> tuple[DueItem, ...]:
    """Every item since the acceptance and up to 14 days ahead, by `opens_at`."""
    since = now if case.accepted_at is None else min(case.accepted_at, now)
    return items_of(windows_between(case, since, shift(now, timedelta(days=14))), case, now)


def due_now(case: ScheduleCase, now: datetime) -> tuple[DueItem, ...]:
    """The items that a phone is shown."""
    return items_of(windows_now(case, now), case, now)
