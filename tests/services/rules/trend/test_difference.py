"""The difference between two cuts names what changed and the entries that changed it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.trend.difference import EntryChange, FieldChange, KnownEntry, differences


def report(**fields):
    return {"generated_at": "now", "content_hash": "x", "current": {"value": 5}, **fields}


def test_the_same_report_made_twice_does_not_differ():
    later = {**report(), "generated_at": "later", "content_hash": "y"}

    found = differences(report(), later, [], [])

    assert (found.fields, found.entries) == ((), ())


def test_fields_that_differ_are_named_by_their_path():
    before = report(status="response", series=[{"mood_day": "2026-03-01", "value": 9}])
    after = report(
        status="worse",
        series=[{"mood_day": "2026-03-01", "value": 8}, {"mood_day": "2026-03-02", "value": 0}],
    )

    assert differences(before, after, [], []).fields == (
        FieldChange("series[2026-03-01].value", 9, 8),
        FieldChange("series[2026-03-02].mood_day", None, "2026-03-02"),
        FieldChange("series[2026-03-02].value", None, 0),
        FieldChange("status", "response", "worse"),
    )


def test_a_row_is_known_by_its_key_and_not_by_its_place():
    rows = [{"id": "a", "effect": 9}, {"id": "b", "effect": 3}]

    found = differences(report(sessions=rows), report(sessions=rows[1:]), [], [])

    assert [change.path for change in found.fields] == ["sessions[a].effect", "sessions[a].id"]


def test_other_lists_are_compared_whole():
    before, after = report(effect_duration={"curve": []}), report(effect_duration={"curve": [1]})

    (change,) = differences(before, after, [], []).fields
    assert change == FieldChange("effect_duration.curve", [], [1])


def known(version=1, revision=3, counts=True, kind="check_in"):
    return KnownEntry(kind, "e", version, revision, counts)


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ([], [known()], "added"),
        ([known()], [known(2, 5)], "changed"),
        ([known()], [known(2, 5, counts=False)], "removed"),
        ([known(2, 5, counts=False)], [known(3, 6)], "added"),
        ([known()], [], "removed"),
        ([known()], [known()], None),
        # A voided form still has its day in the series, and its item 9.
        ([], [known(counts=False)], "added"),
        ([known(1, 3, counts=False)], [known(2, 4, counts=False)], "changed"),
        ([known(counts=False)], [], "removed"),
    ],
)
def test_an_entry_is_added_changed_or_taken_back(before, after, change):
    found = differences(report(), report(), before, after).entries

    newest = (after or before)[-1]
    wanted = EntryChange("check_in", "e", change, newest.version, newest.revision)
    assert found == ((wanted,) if change else ())


def test_what_was_taken_back_before_both_cuts_made_no_difference():
    cancelled = [known(counts=False, kind="session")]
    again = [known(2, 4, counts=False, kind="session")]

    for before, after in (([], cancelled), (cancelled, again), (cancelled, [])):
        assert differences(report(), report(), before, after).entries == ()


def test_entries_come_in_the_order_in_which_they_came_to_count():
    entries = [known(revision=4, kind="session"), known(revision=4, kind="course"), known()]

    found = differences(report(), report(), [], entries).entries

    assert [(one.kind, one.revision) for one in found] == [
        ("check_in", 3),
        ("course", 4),
        ("session", 4),
    ]


LEAVES = st.none() | st.integers(0, 3)
REPORTS = st.fixed_dictionaries(
    {
        "status": LEAVES,
        "series": st.dictionaries(st.sampled_from("abc"), LEAVES).map(
            lambda rows: [{"mood_day": day, "value": value} for day, value in rows.items()]
        ),
    }
)


@given(REPORTS, REPORTS)
def test_the_way_back_exchanges_before_and_after(one, other):
    there, back = differences(one, other, [], []), differences(other, one, [], [])

    assert [(f.path, f.after, f.before) for f in back.fields] == [
        (f.path, f.before, f.after) for f in there.fields
    ]
    same_rows = sorted(one["series"], key=str) == sorted(other["series"], key=str)
    assert (not there.fields) == (one["status"] == other["status"] and same_rows)
