"""Times and numbers as a person reads them at night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.page.clock import Clock, span
from api.page.evidence import rule
from api.page.words import DISPOSITION, EVENT, OUTCOME, SEVERITY
from models.alerts.alert import CONTACT_OUTCOMES, DISPOSITIONS, SEVERITIES

NIGHT = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
CLOCK = Clock(NIGHT, ZoneInfo("Europe/Paris"))


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=-5), "0 min"),
        (timedelta(seconds=59), "0 min"),
        (timedelta(minutes=14, seconds=59), "14 min"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=47, minutes=59), "47 h"),
        (timedelta(hours=48), "2 days"),
    ],
)
def test_a_length_of_time(length: timedelta, words: str):
    assert plain(span(length)) == words


def test_an_instant_is_shown_in_the_readers_zone_with_its_day_when_it_is_another_one():
    assert plain(CLOCK.ago(NIGHT - timedelta(minutes=20))) == "00:10 (20 min ago)"
    assert plain(CLOCK.ago(NIGHT - timedelta(minutes=40))) == "Sat 21 Nov, 23:50 (40 min ago)"
    assert plain(CLOCK.ago(NIGHT - timedelta(seconds=30))) == "00:29 (just now)"
    assert plain(CLOCK.ahead(NIGHT + timedelta(minutes=10))) == "00:40 (in 10 min)"
    assert plain(CLOCK.ahead(NIGHT - timedelta(seconds=1))) == "00:29 (now)"


def test_every_word_of_the_wire_has_words_for_people():
    assert SEVERITY.keys() == set(SEVERITIES)
    assert DISPOSITION.keys() == set(DISPOSITIONS)
    assert OUTCOME.keys() == set(CONTACT_OUTCOMES)
    assert all(word[0].isupper() for word in EVENT.values())
    assert rule("S8") == "a help request"
    assert rule("X9") == "X9"
