"""RFC 3339 from its grammar, and nothing else of ISO 8601."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from schemas.instants import read_instant

NINE = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21T09:00:00Z", NINE),
        ("2026-11-21t09:00:00z", NINE),
        ("2026-11-21T09:00:00-00:00", NINE),
        ("2026-11-21T14:30:00+05:30", NINE),
        ("2026-11-20T09:01:00-23:59", NINE),
        ("2026-11-21T09:00:00.123456789Z", NINE + timedelta(microseconds=123_456)),
        ("2026-11-21T09:00:00.5Z", NINE + timedelta(milliseconds=500)),
        ("2026-11-21T08:59:60Z", NINE),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime.min.replace(tzinfo=UTC)),
        ("0000-02-29T00:00:00Z", datetime.min.replace(tzinfo=UTC)),
        ("9999-12-31T23:59:60Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_what_the_grammar_allows_is_read(text: str, expected: datetime) -> None:
    assert read_instant(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21",
        "2026-11-21T09:00:00",
        "2026-11-21 09:00:00Z",
        "2026-11-21T09:00Z",
        "2026-11-21T09Z",
        "20261121T090000Z",
        "2026-W47-6T09:00:00Z",
        "2026-325T09:00:00Z",
        "2026-11-21T09:00:00,5Z",
        "2026-11-21T09:00:00.Z",
        "2026-11-21T09:00:00+0530",
        "2026-11-21T09:00:00+05",
        "2026-11-21T09:00:00+24:00",
        "2026-11-21T09:00:00+05:60",
        "2026-11-21T24:00:00Z",
        "2026-11-21T09:60:00Z",
        "2026-11-21T09:00:61Z",
        "2026-13-01T09:00:00Z",
        "2026-02-29T09:00:00Z",
        "+2026-11-21T09:00:00Z",
        "2026-11-21T09:00:00Z ",
        "2026-11-21T09:00:00\u0660Z",
        "２０26-11-21T09:00:00Z",
    ],
)
def test_what_the_grammar_does_not_allow_is_not(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is for nobody
        read_instant(text)


def test_every_instant_of_the_grammar_reads_as_the_calendar_has_it() -> None:
    rng = random.Random(20_261)
    for _ in range(500):
        seconds = rng.randrange(int(timedelta(days=3_650_000).total_seconds()))
        ahead = timedelta(minutes=rng.randrange(-1439, 1440))
        moment = datetime(1, 1, 3, tzinfo=UTC) + timedelta(seconds=seconds)
        local = (moment + ahead).replace(tzinfo=None)
        sign, minutes = "-" if ahead < timedelta() else "+", abs(ahead) // timedelta(minutes=1)
        text = f"{local.isoformat()}{sign}{minutes // 60:02}:{minutes % 60:02}"
        written = rng.choice([text, text.replace("T", "t")])
        assert read_instant(written) == moment
        assert read_instant(written).utcoffset() == ahead
