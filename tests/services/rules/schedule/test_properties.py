"""What holds for every schedule, and that adherence without sessions is what it always was."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.rules.courses import Course, Session, Treatment, in_order
from services.rules.mood_days import DaySpan, day_start
from services.rules.schedule.case import AnsweredForm, ScheduleCase
from services.rules.schedule.due import (
    Adherence,
    adherence,
    answers_needed,
    windows_now,
)
from tests.builders.rules.calendar import KOLKATA, NEW_YORK, due_items, due_now

START = datetime(2026, 2, 20, 15, tzinfo=UTC)
DAYS = 60
INSTANTS = st.integers(0, DAYS * 24 * 60).map(lambda count: START + timedelta(minutes=count))
ZONES = st.sampled_from([UTC, KOLKATA, NEW_YORK])
FORMS = ("phq9", "phq9-daily", "side_effects", "urinary", "gad7")


@st.composite
def sessions(draw) -> Treatment:
    starts = draw(st.lists(INSTANTS, max_size=8))
    made = [
        Session(
            id=f"s{number}",
            course_id=draw(st.sampled_from("ab")),
            started_at=start,
            product=draw(st.sampled_from(["ketamine", "tms"])),
            route=draw(st.sampled_from(["iv", None])),
        )
        for number, start in enumerate(starts)
    ]
    plan = [Course(name, "ketamine", "induction", START.date()) for name in "ab"]
    return Treatment(tuple(plan), in_order(made))


@st.composite
def answered(draw) -> list[AnsweredForm]:
    instants = draw(st.lists(INSTANTS, max_size=12))
    back = st.integers(0, 2).map(lambda count: timedelta(days=count))
    return [AnsweredForm(at.date() - draw(back), at) for at in instants]


@st.composite
def pauses(draw) -> list[DaySpan]:
    starts = draw(st.lists(INSTANTS, max_size=2))
    lengths = st.integers(0, 9).map(lambda count: timedelta(days=count))
    return [DaySpan(at.date(), at.date() + draw(lengths)) for at in starts]


@st.composite
def cases(draw) -> ScheduleCase:
    return ScheduleCase(
        zone=draw(ZONES),
        accepted_at=draw(INSTANTS),
        away=draw(pauses()),
        treatment=draw(sessions()),
        answered={form: draw(answered()) for form in FORMS},
        indications=frozenset(draw(st.sets(st.sampled_from(["anxiety", "PTSD", "bipolar"])))),
    )


def changed(case: ScheduleCase, **changes) -> ScheduleCase:
    fields = {name: getattr(case, name) for name in ScheduleCase.__slots__}
    return ScheduleCase(**{**fields, **changes})


@given(cases(), INSTANTS, st.randoms(use_true_random=False))
def test_the_order_of_answers_and_sessions_never_matters(case, now, dice):
    shuffled = {form: dice.sample(given, len(given)) for form, given in case.answered.items()}

    assert due_items(changed(case, answered=shuffled), now) == due_items(case, now)


@given(cases(), INSTANTS)
def test_the_stages_of_an_item_follow_each_other(case, now):
    for item in due_items(case, now):
        assert item.counts_from_at <= item.opens_at <= item.due_at <= item.expires_at
        assert item.counts_from_at < item.expires_at
        assert case.accepted_at <= item.counts_from_at


@given(cases(), INSTANTS)
def test_no_two_items_ask_for_the_same(case, now):
    items = due_items(case, now)
    named = [(item.instrument, item.reason, item.session_id, item.mood_day) for item in items]
    anchored = [name for name in named if name[2:] != (None, None)]
    placed = {(item.instrument, item.reason, item.session_id, item.opens_at) for item in items}

    assert len(set(anchored)) == len(anchored)
    assert len(placed) == len(items)


@given(cases(), INSTANTS)
def test_a_status_is_what_the_instants_say(case, now):
    today = (now.astimezone(case.zone).replace(tzinfo=None) - timedelta(hours=4)).date()
    is_away = any(span.first <= today <= span.last for span in case.away)
    for item in due_items(case, now):
        stages = (
            (item.answered_at is not None, "answered"),
            (now < item.opens_at, "upcoming"),
            (now < item.due_at, "upcoming" if is_away else "due"),
            (now < item.expires_at, "overdue"),
            (True, "expired"),
        )
        assert item.status == next(word for holds, word in stages if holds)


@given(cases(), INSTANTS)
def test_what_a_phone_is_shown_is_the_part_of_the_schedule_around_now(case, now):
    since, until = now - timedelta(days=3), now + timedelta(days=14)
    shown = [
        item
        for item in due_items(case, now)
        if item.counts_from_at <= until and item.expires_at > since
    ]

    assert list(due_now(case, now)) == shown


@given(cases(), INSTANTS)
def test_answers_that_no_window_needs_change_nothing(case, now):
    needed = answers_needed(windows_now(case, now), case.zone)
    kept = {
        form: [one for one in given if form in needed and one.mood_day >= needed[form]]
        for form, given in case.answered.items()
    }

    assert due_now(changed(case, answered=kept), now) == due_now(case, now)


@given(cases(), INSTANTS, st.data())
def test_a_session_changes_nothing_that_was_over_before_its_windows_opened(case, now, data):
    one = Session("new", "a", data.draw(INSTANTS), "ketamine", "iv")
    treatment = Treatment(case.treatment.courses, in_order((*case.treatment.sessions, one)))
    opens = one.started_at - timedelta(days=15)

    def over(found: ScheduleCase) -> list:
        items = due_items(found, now)
        return [item for item in items if item.expires_at <= opens and item.reason != "monthly"]

    before, after = over(case), over(changed(case, treatment=treatment))

    cut = [item for item in before if item.reason == "before_session"]
    assert [item for item in after if item not in cut] == [i for i in before if i not in cut]


@given(cases())
def test_a_day_that_is_paused_or_before_the_acceptance_asks_for_no_daily_form(case):
    away = {day for span in case.away for day in span.days()}
    days = [item.mood_day for item in due_items(case, START) if item.instrument == "phq9-daily"]

    assert not away.intersection(days)
    assert days == sorted(set(days))


# --- adherence as it was before there were sessions, in a few plain lines ------------------------


def plainly(instrument, days, accepted_on, paused, reported) -> Adherence:
    away = {day for span in paused for day in span.days()}
    last = (reported.last - accepted_on).days
    due = [accepted_on + timedelta(days=count) for count in range(1, last + 1)]
    due = [day for day in due if day not in away]
    length = {"phq9": 14, "phq9-daily": 1}[instrument]
    periods = [due[start : start + length] for start in range(0, len(due), length)]
    counted = [period for period in periods if period[-1] >= reported.first]
    return Adherence(len(counted), sum(any(day in days for day in each) for each in counted))


DATES = INSTANTS.map(datetime.date)


@given(
    st.sampled_from(["phq9", "phq9-daily"]), st.sets(DATES), DATES, pauses(), DATES, DATES, ZONES
)
def test_without_a_session_adherence_is_what_a_few_plain_lines_say(
    instrument, days, accepted_on, paused, first, last, zone
):
    reported = DaySpan(first, last)

    case = ScheduleCase(
        zone=zone,
        accepted_at=day_start(accepted_on + timedelta(days=1), zone) - timedelta.resolution,
        away=paused,
        answered={instrument: [AnsweredForm(day, day_start(day, zone)) for day in days]},
    )
    found = adherence(case, instrument, reported)

    assert found == plainly(instrument, days, accepted_on, paused, reported)


@given(cases(), st.sampled_from(FORMS), DATES)
def test_adherence_counts_the_items_that_have_begun(case, instrument, last):
    case = changed(
        case,
        answered={
            form: [one for one in given if one.mood_day <= last]
            for form, given in case.answered.items()
        },
    )
    noon = datetime.combine(last, time(12), tzinfo=UTC)
    end = datetime.combine(last + timedelta(days=1), time(4), tzinfo=case.zone)

    begun = [
        item
        for item in due_items(case, noon)
        if item.instrument == instrument and item.counts_from_at < end
    ]

    found = adherence(case, instrument, DaySpan(date.min, last))
    assert found.due == len(begun)
    assert found.answered == sum(item.answered_at is not None for item in begun)
