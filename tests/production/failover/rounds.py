"""One failure after another, each under load, each judged when the cluster is whole again."""

from __future__ import annotations

import random
import time
import urllib.error
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from tests.builders.world import ClinicWorld
from tests.production.failover.accounting import Account, account, away, longest_gap_s
from tests.production.failover.failures import FAILURES, Failure, Struck
from tests.production.failover.on_call import OnCall
from tests.production.failover.phones import Phones
from tests.production.lab.patroni import DatabaseNode
from tests.production.lab.service import WORKERS, ShippedService
from tests.production.lab.three_nodes import ThreeNodes

# So long a failure lasts at most, when nothing takes the place of what is broken.
LASTS_S: Final = (15.0, 30.0)
TAKEN_OVER_WITHIN_S: Final = 90.0
# How long the service must take answers again before the next failure.
CALM_S: Final = 3.0
LOOK_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class Round:
    """One failure and what came of it. The gaps are in seconds, from the strike until all was
    whole: the longest without an accepted check-in, and without a page. `moved`: another node took
    over, as it should where `to_move`. `away`: who of the service did not come back by itself.
    """

    failure: str
    without_answer_s: float
    without_page_s: float
    to_move: bool
    moved: bool
    account: Account
    away: Sequence[str]

    def problems(self) -> list[str]:
        """What must not be."""
        found = self.account.problems() + [f"{who} is away" for who in self.away]
        if self.to_move and not self.moved:
            found.append(f"no other node took over within {TAKEN_OVER_WITHIN_S:g} s")
        return [f"{self.failure}: {problem}" for problem in found]


@dataclass
class Rounds:
    """Everything that a round works with."""

    lab: ThreeNodes
    service: ShippedService
    clinic: ClinicWorld
    phones: Phones
    on_call: OnCall
    dice: random.Random

    def go_on(self, until: float, least: int) -> Iterator[Round]:
        """Rounds until that instant (monotonic seconds), in shuffled turns of every failure; at
        least so many.
        """
        done = 0
        while True:
            for failure in self.dice.sample(FAILURES, len(FAILURES)):
                if time.monotonic() > until and done >= least:
                    return
                yield self._round(failure)
                done += 1

    def _round(self, failure: Failure) -> Round:
        primary = self.lab.primary()
        at = Struck(self.lab, primary, self.dice)
        lasts_s = self.dice.uniform(*LASTS_S)
        began = time.monotonic()
        moved = False
        with suppress(urllib.error.URLError):  # a switch-over that is refused does not move
            failure.strike(at)
        try:
            if failure.moves:
                moved = self._wait_for_another(primary)
            else:
                time.sleep(lasts_s)
        finally:
            failure.heal(at)
        self.lab.wait_until_whole()
        self._wait_for_answers()
        whole = time.monotonic()
        acknowledged = self.phones.acknowledged()
        found = account(self.service, self.clinic, acknowledged, self.on_call)
        return Round(
            failure.name,
            longest_gap_s([answered.at for answered in acknowledged], began, whole),
            longest_gap_s([at for at, _ in self.on_call.paged()], began, time.monotonic()),
            failure.moves,
            moved or self.lab.primary() is not primary,
            found,
            [*self.service.ended(), *away(self.service, WORKERS)],
        )

    def _wait_for_another(self, primary: DatabaseNode) -> bool:
        """Until another node is the primary; whether one is in time."""
        deadline = time.monotonic() + TAKEN_OVER_WITHIN_S
        while time.monotonic() < deadline:
            if any(node.is_primary() for node in self.lab.others(primary)):
                return True
            time.sleep(LOOK_S)
        return False

    def _wait_for_answers(self) -> None:
        """Until phones have been answered for a while."""
        deadline = time.monotonic() + TAKEN_OVER_WITHIN_S
        since = time.monotonic()
        while time.monotonic() < deadline:
            answered = self.phones.acknowledged()
            if answered and answered[-1].at > since + CALM_S:
                return
            time.sleep(LOOK_S)
        raise AssertionError(f"no answer was taken for {TAKEN_OVER_WITHIN_S:g} s")
