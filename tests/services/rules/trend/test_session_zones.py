"""A session keeps its zone, and answers stand before or after it by the instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.rules.courses import Course, Session, Treatment
from services.rules.day_series import SeriesEntry
from services.rules.figures.numbers import FIGURES
from services.rules.figures.sides import on_their_side
from services.rules.mood_days import mood_day_at
from services.rules.trend.document import figures_json
from services.rules.trend.report import Beside, trend
from tests.builders.rules.days import at, on

ZONES = (
    "Pacific/Kiritimati",
    "Pacific/Auckland",
    "Asia/Kolkata",
    "Europe/Paris",
    "America/St_Johns",
    "America/Los_Angeles",
    "Pacific/Honolulu",
    "Pacific/Pago_Pago",
)
ZONE = st.sampled_from(ZONES)
CUT_AT = at(40)


def answered(instant: datetime, total: int, zone: str, late: bool = False) -> SeriesEntry:
    day = mood_day_at(instant, ZoneInfo(zone))
    return SeriesEntry(day, instant, instant, instant.isoformat(), total, 0, late=late)


def treated_at(instants: list[datetime], zone: str | None) -> Treatment:
    course = Course("c", "ketamine", "induction", on(0))
    sessions = [
        Session(f"s{n}", "c", instant, "ketamine", "iv", timezone=zone)
        for n, instant in enumerate(instants)
    ]
    return Treatment((course,), tuple(sessions))


def figures(entries: list[SeriesEntry], treatment: Treatment, profile: str) -> dict[str, object]:
    found = trend(
        "phq9-daily",
        entries,
        timezone=profile,
        data_cut_at=CUT_AT,
        to_day=on(41),
        beside=Beside(treatment),
    )
    shown = figures_json(found)
    # What was due hangs on the days on which it was due, in the zone of now.
    return {name: value for name, value in shown.items() if name != "adherence"}


@given(
    ZONE,
    ZONE,
    ZONE,
    ZONE,
    st.lists(st.tuples(st.integers(0, 30 * 24), st.integers(0, 27)), max_size=25, unique=True),
    st.lists(st.integers(24, 30 * 24), min_size=1, max_size=4, unique=True),
)
def test_a_changed_zone_changes_nothing_of_the_past(clinic, phone, before, after, answers, starts):
    entries = [answered(at(0, hour), total, phone) for hour, total in answers]
    treatment = treated_at([at(0, hour + 0.5) for hour in sorted(starts)], clinic)

    assert figures(entries, treatment, before) == figures(entries, treatment, after)


def test_an_infusion_is_not_moved_past_the_answer_that_followed_it():
    """Entered in Paris, then the profile says Auckland."""
    start = datetime(2026, 3, 10, 8, tzinfo=UTC)
    scores = {-2: 20, -1: 20, 0.25: 4, 1: 4, 2: 4, 3: 4, 4: 4, 5: 18, 6: 18}
    entries = [
        answered(start + timedelta(days=day, hours=1 if day < 0 else 0), score, "Europe/Paris")
        for day, score in scores.items()
    ]
    treatment = treated_at([start], "Europe/Paris")

    for profile in ZONES:
        (session,) = figures(entries, treatment, profile)["sessions"]
        assert (session["pre"], session["effect"], session["duration_days"]) == (20, 16, 5)


@given(ZONE, ZONE, st.integers(1, 12), st.integers(0, 47))
def test_whatever_the_zones_an_answer_after_a_session_is_no_day_before_it(
    clinic, phone, hours, half
):
    """What came first stays first, however the two clocks name the day."""
    start = at(10, half / 2)
    before, after = start - timedelta(hours=hours), start + timedelta(hours=hours)
    session = treated_at([start], clinic).sessions[0]

    early, late = on_their_side(
        [answered(before, 20, phone), answered(after, 4, phone)], [session], UTC
    )

    assert early.mood_day <= session.day(UTC) <= late.mood_day


def test_what_tells_of_a_day_before_stays_there():
    """Written down after the session, about the day before: the phone was right about that."""
    session = treated_at([at(10)], "Etc/UTC").sessions[0]
    recalled = answered(at(10, 18), 4, "Etc/UTC", late=True)._replace(mood_day=on(9), recalled=True)

    assert list(on_their_side([recalled], [session], UTC)) == [recalled]


def test_a_form_that_was_days_on_its_way_stands_where_it_was_filled_in():
    """08:12 in Tokyo, 2 h before a session of New York's evening before; received 9 days later."""
    session = treated_at([at(10, 1)], "America/New_York").sessions[0]
    before = answered(at(9, 23), 20, "Asia/Tokyo", late=True)
    west = answered(at(10, 3), 4, "Pacific/Honolulu", late=True)
    east = treated_at([at(10, 1)], "Asia/Tokyo").sessions[0]

    assert (session.day(UTC), before.mood_day) == (on(9), on(10))
    assert list(on_their_side([before], [session], UTC)) == [before._replace(mood_day=on(9))]
    assert (east.day(UTC), west.mood_day) == (on(10), on(9))
    assert list(on_their_side([west], [east], UTC)) == [west._replace(mood_day=on(10))]
    # A cut of November keeps what it said.
    for form, one in ((before, session), (west, east)):
        assert list(on_their_side([form], [one], UTC, FIGURES.known[1])) == [form]


def test_without_a_zone_of_its_own_a_session_lies_in_that_of_the_patient():
    session = treated_at([at(10, 1)], None).sessions[0]

    assert session.day(UTC) == on(9)
    assert session.day(ZoneInfo("Asia/Kolkata")) == on(10)
    assert treated_at([at(10)], "Asia/Kolkata").in_patients_zone().sessions[0].timezone is None
