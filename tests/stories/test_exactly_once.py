"""Exactly once over a real network: parallel posts, lost answers, first check-ins at once."""

from __future__ import annotations

import pytest

from tests.fixtures.running import RunningService
from tests.proofs.once import first_check_ins_in_turn, lost_answers, one_id_in_parallel

pytestmark = pytest.mark.xdist_group("running")


def test_64_parallel_posts_of_one_id_are_one_check_in(running: RunningService):
    seen = one_id_in_parallel(running, posts=64)
    assert seen.ok, seen.seen


def test_a_lost_answer_and_a_retry_are_one_check_in(running: RunningService):
    seen = lost_answers(running, posts=6, seed=1)
    assert seen.ok, seen.seen


def test_four_first_check_ins_of_a_new_patient_at_once_decide_in_turn(running: RunningService):
    seen = first_check_ins_in_turn(running, patients=3)
    assert seen.ok, seen.seen
