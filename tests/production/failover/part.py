"""The part of the proof: three nodes, the service as it ships, phones, and failures at random."""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from tests.fixtures.running import served
from tests.production.failover.accounting import found_by_auditor
from tests.production.failover.alone import alone
from tests.production.failover.on_call import responding
from tests.production.failover.phones import posting
from tests.production.failover.rounds import Round, Rounds
from tests.production.lab.database import make_database
from tests.production.lab.service import ShippedService
from tests.production.lab.three_nodes import three_nodes
from tests.production.part import Trial
from tests.proofs.seen import Seen, verdict

PHONES: Final = 50
# Of the time: in these minutes a commit waits for a second node, in the rest for nobody.
SYNCHRONOUS: Final = 0.75


def failovers(trial: Trial, phones: int = PHONES) -> Iterator[Seen]:
    """Synchronous failures, as shipped, then asynchronous ones; a line for each and its kinds."""
    trial.tell("making three nodes")
    with three_nodes(trial.folder) as lab:
        urls = make_database(lab.door.port, trial.folder)
        with served(ShippedService, urls, trial.folder / "service") as service:
            clinic = service.world().clinic()
            clinic.contact(service.webhook.url)
            people = [clinic.patient() for _ in range(phones)]
            yield from alone(lab, service, clinic)
            with (
                posting(service.url, people, trial.seed) as posted,
                responding(service, clinic.staff("clinician")) as on_call,
            ):
                dice = random.Random(trial.seed)
                rounds = Rounds(lab, service, clinic, posted, on_call, dice)
                began = time.monotonic()
                until = began + trial.minutes * 60 * SYNCHRONOUS
                done = list(_shown(trial, rounds.go_on(until, 1)))
                amiss = [*posted.problems(), *found_by_auditor(service)]
                yield from _synchronous(done, phones, amiss, len(posted.acknowledged()))
                lab.wait_for_nobody()
                until = began + trial.minutes * 60
                done = list(_shown(trial, rounds.go_on(until, 1)))
                yield _asynchronous(done, phones)


def _shown(trial: Trial, rounds: Iterator[Round]) -> Iterator[Round]:
    for number, done in enumerate(rounds, start=1):
        problems = "; ".join(done.problems()) or "nothing lost"
        gaps = f"{done.without_answer_s:.1f} s, {done.without_page_s:.1f} s"
        trial.tell(f"{number}: {done.failure}: {gaps} without an answer, a page; {problems}")
        yield done


def _synchronous(
    done: Sequence[Round], phones: int, amiss: Sequence[str], count: int
) -> Iterator[Seen]:
    problems = [problem for each in done for problem in each.problems()]
    yield verdict(
        "synchronous: nothing acknowledged is lost or answered differently, no alert is lost, each"
        " is paged, all reconnect by themselves",
        f"{len(done)} failures, {phones} phones, {count} acknowledged",
        f"0, 0, 0, 0; {_moved(done)}; {_gaps(done)}",
        [*problems, *amiss],
    )
    for failure in Counter(each.failure for each in done):
        own = [each for each in done if each.failure == failure]
        yield Seen(f"synchronous: {failure}", f"{len(own)} times", _gaps(own), ok=True)


def _asynchronous(done: Sequence[Round], phones: int) -> Seen:
    """What may be lost there is counted, and is no failure."""
    lost, changed, alerts = (
        set().union(*(getattr(each.account, name) for each in done))
        for name in ("lost", "changed", "without_alert")
    )
    return verdict(
        "asynchronous: what was acknowledged and lost (may happen there: counted)",
        f"{len(done)} failures, {phones} phones",
        f"{len(lost)} lost, {len(changed)} with other bytes, {len(alerts)} alerts; {_moved(done)};"
        f" {_gaps(done)}",
        [f"{each.failure}: {who} is away" for each in done for who in each.away],
    )


def _moved(done: Sequence[Round]) -> str:
    return f"{sum(each.moved for each in done)} times another node took over"


def _gaps(done: Sequence[Round]) -> str:
    gaps = {
        "check-in": [each.without_answer_s for each in done],
        "page": [each.without_page_s for each in done],
    }
    return "; ".join(
        f"longest without a {what}: p50 {statistics.median(times):.1f} s, worst {max(times):.1f} s"
        for what, times in gaps.items()
    )
