"""Refused requests, broken rules, odd clocks, outages: a human still hears of it."""

from __future__ import annotations

import pytest

from tests.fixtures.running import RunningService
from tests.proofs.broken_rules import rules_that_raise
from tests.proofs.clocks import days_and_alerts
from tests.proofs.outages import database_gone_and_back, mail_gone_and_back
from tests.proofs.refused import refusals_that_page

pytestmark = pytest.mark.xdist_group("running")


def test_item_9_in_a_refused_request_pages_and_carries_the_card(running: RunningService):
    seen = refusals_that_page(running, times=1)
    assert seen.ok, seen.seen


def test_rules_that_raise_hide_no_danger_and_are_counted_and_replayed(running: RunningService):
    seen = rules_that_raise(running, harmless=20)
    assert seen.ok, seen.seen


def test_odd_clocks_get_the_right_mood_day_and_alert_at_once(running: RunningService):
    seen = days_and_alerts(running, years=[2025])
    assert seen.ok, seen.seen


def test_pages_get_out_when_the_mail_server_is_back(running: RunningService):
    seen = mail_gone_and_back(running, alerts=3, until_red=False)
    assert seen.ok, seen.seen


def test_answers_are_taken_again_when_the_database_is_back(running: RunningService):
    seen = database_gone_and_back(running, posts=3)
    assert seen.ok, seen.seen
