"""What must hold for every patient: order, gaps and shifts change nothing that they should not."""

from __future__ import annotations

import statistics
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.rules.day_series import SeriesEntry, day_rows
from services.rules.mood_days import place
from services.rules.trend.document import figures_json
from services.rules.trend.report import trend
from tests.builders.rules.days import at, on

START = at(0, 0)
CUT_AT = START + timedelta(days=40, hours=12)
INSTRUMENTS = st.sampled_from(["phq9", "phq9-daily", "gad7", "mood"])


@st.composite
def entry(draw) -> SeriesEntry:
    recorded_at = START + timedelta(minutes=draw(st.integers(4 * 60, 40 * 24 * 60)))
    received_at = recorded_at + timedelta(minutes=draw(st.integers(0, 5000)))
    return SeriesEntry(
        mood_day=(recorded_at - timedelta(hours=4)).date(),
        recorded_at=recorded_at,
        received_at=received_at,
        entry_id=str(draw(st.uuids())),
        total=draw(st.none() | st.integers(0, 27)),
        item9_max=draw(st.none() | st.integers(0, 3)),
        late=draw(st.booleans()),
    )


ENTRIES = st.lists(entry(), max_size=30, unique_by=lambda made: made.entry_id)


def report(instrument: str, entries: list[SeriesEntry], **choices) -> dict[str, object]:
    choices = {
        "timezone": "Etc/UTC",
        "data_cut_at": CUT_AT,
        "accepted_on": on(0),
        **choices,
    }
    return figures_json(trend(instrument, entries, **choices))


@given(INSTRUMENTS, ENTRIES, st.randoms(use_true_random=False))
def test_the_order_of_entries_never_matters(instrument, entries, dice):
    shuffled = list(entries)
    dice.shuffle(shuffled)

    assert report(instrument, shuffled) == report(instrument, entries)


@given(ENTRIES, st.integers(0, 40))
def test_a_missing_day_never_changes_another_days_row(entries, missing):
    gone = on(missing)
    kept = [made for made in entries if made.mood_day != gone]

    assert day_rows(kept) == tuple(row for row in day_rows(entries) if row.mood_day != gone)


@given(INSTRUMENTS, ENTRIES, st.integers(0, 40))
def test_what_comes_after_to_changes_nothing(instrument, entries, day):
    to_day = on(day)
    before = [made for made in entries if made.mood_day <= to_day]

    assert report(instrument, entries, to_day=to_day) == report(instrument, before, to_day=to_day)


@given(INSTRUMENTS, ENTRIES, st.integers(-300, 300))
def test_a_shift_by_whole_days_shifts_days_and_nothing_else(instrument, entries, days):
    by = timedelta(days=days)
    shifted = [
        SeriesEntry(
            made.mood_day + by,
            made.recorded_at + by,
            made.received_at + by,
            made.entry_id,
            made.total,
            made.item9_max,
            made.answered,
            made.late,
        )
        for made in entries
    ]

    there = report(instrument, shifted, data_cut_at=CUT_AT + by, accepted_on=on(0) + by)

    assert there == _shifted(report(instrument, entries), by)


def _shifted(value: object, by: timedelta) -> object:
    if isinstance(value, dict):
        return {
            key: (date.fromisoformat(inner) + by).isoformat()
            if key in {"on", "mood_day", "last_positive_on"} and isinstance(inner, str)
            else _shifted(inner, by)
            for key, inner in value.items()
        }
    return [_shifted(inner, by) for inner in value] if isinstance(value, list) else value


@given(
    st.lists(st.tuples(st.integers(0, 30 * 24 * 60), st.integers(0, 27)), max_size=20),
    st.integers(-11, 11),
)
def test_another_zone_moves_answers_between_days_and_changes_no_answer(answers, hours):
    zone = f"Etc/GMT{hours:+d}" if hours else "Etc/UTC"

    def entries(name: str) -> list[SeriesEntry]:
        made = []
        for index, (minutes, total) in enumerate(answers):
            sent_at = START + timedelta(minutes=minutes)
            placed = place(sent_at, name, name, received_at=sent_at)
            made.append(SeriesEntry(placed.mood_day, sent_at, sent_at, f"{index:03}", total))
        return made

    here, there = entries("Etc/UTC"), entries(zone)

    assert [(e.recorded_at, e.total) for e in here] == [(e.recorded_at, e.total) for e in there]
    assert all(abs((a.mood_day - b.mood_day).days) <= 1 for a, b in zip(here, there, strict=True))
    assert sum(r.entries for r in day_rows(here)) == sum(r.entries for r in day_rows(there))


@given(st.dictionaries(st.integers(0, 40), st.integers(0, 27), min_size=1, max_size=40))
def test_every_daily_figure_is_what_a_few_plain_lines_say(scores):
    entries = []
    for day, score in scores.items():
        entries.append(SeriesEntry(on(day), at(day), at(day), str(day), score, 0))

    found = report("phq9-daily", entries)

    last, first = max(scores), min(scores)
    week = [score for day, score in scores.items() if last - 7 < day]
    window = sorted((day, score) for day, score in scores.items() if last - 14 < day)
    opening = [score for day, score in scores.items() if day < first + 7]
    slopes = [(b - a) / (y - x) for x, a in window for y, b in [*window] if y > x]
    assert len(found["series"]) == len(scores)
    assert found["current"]["value"] == scores[last]
    assert found["adherence"] == {"due": 40, "answered": len(scores.keys() - {0})}
    if len(week) < 4:
        assert found["m7"] is None
    else:
        assert found["m7"] == {"value": pytest.approx(statistics.mean(week)), "n": len(week)}
    if len(window) < 5:
        assert found["slope_per_week"] is None
    else:
        assert found["slope_per_week"] == pytest.approx(7 * statistics.median(slopes))
    if len(opening) < 3:
        assert found["baseline"]["status"] == "missing"
    else:
        level = statistics.mean(opening)
        assert found["baseline"]["value"] == pytest.approx(level)
        assert found["improvement"]["points"] == pytest.approx(level - scores[last])
        assume(level >= 10)
        assert found["improvement"]["percent"] == pytest.approx(
            100 * (level - scores[last]) / level
        )
