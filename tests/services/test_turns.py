"""Few places, a short queue, and no account that takes them all (A5b)."""

from __future__ import annotations

from contextlib import ExitStack
from threading import Event, Thread
from uuid import uuid4

import pytest

from services.exceptions import Unavailable
from services.turns import Turns
from tests.fixtures.running import wait_until


def test_who_finds_the_queue_full_has_to_come_back() -> None:
    turns = Turns(at_once=1, waiting=1)
    worked: list[str] = []
    with turns.turn():
        waiting = Thread(target=_work, args=(turns, worked))
        waiting.start()
        wait_until(lambda: _is_full(turns), "one waits")
        assert worked == []
    waiting.join()
    assert worked == ["worked"]
    with turns.turn(may_wait=False):
        worked.append("free again")


def _work(turns: Turns, worked: list[str]) -> None:
    with turns.turn():
        worked.append("worked")


def _is_full(turns: Turns) -> bool:
    try:
        with turns.turn(may_wait=False):
            return False
    except Unavailable:
        return turns._inside.total() == 2


def test_who_may_not_wait_is_sent_away_by_one_who_works() -> None:
    turns = Turns(at_once=1, waiting=5)
    with turns.turn(), pytest.raises(Unavailable), turns.turn(may_wait=False):
        pass


def test_an_account_has_two_and_leaves_the_rest_to_others() -> None:
    turns, mine, another = Turns(at_once=4, waiting=0), uuid4(), uuid4()
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(turns.turn(mine))
        with pytest.raises(Unavailable), turns.turn(mine):
            pass
        with turns.turn(another), turns.turn():
            pass
    with turns.turn(mine):
        pass


def test_without_a_bound_whoever_comes_waits() -> None:
    turns, go_on = Turns(at_once=1, waiting=None), Event()
    worked: list[str] = []

    def hold() -> None:
        with turns.turn():
            go_on.wait(30)

    threads = [Thread(target=hold)]
    threads += [Thread(target=_work, args=(turns, worked)) for _ in range(20)]
    for thread in threads:
        thread.start()
    go_on.set()
    for thread in threads:
        thread.join()
    assert len(worked) == 20
