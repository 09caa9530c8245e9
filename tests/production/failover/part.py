"""The part of the proof: three nodes, the service as it ships, phones, and failures at random."""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
from tests.production.tally import FAILOVERS, Tally, add, in_words
from tests.proofs.seen import Seen, verdict

PHONES: Final = 50
# Of the time: in these minutes a commit waits for a second node, in the rest for nobody.
SYNCHRONOUS: Final = 0.75
# How many failures all runs are to come to.
WANTED: Final = {"synchronous": 300, "asynchronous": 60}
WITHOUT: Final = ("check-in", "page")


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
                acknowledged = posted.count()
                yield from _synchronous(done, phones, amiss, acknowledged)
                yield _summed(_add("synchronous", done, acknowledged), "synchronous")
                lab.wait_for_nobody()
                until = began + trial.minutes * 60
                done = list(_shown(trial, rounds.go_on(until, 1)))
                yield _asynchronous(done, phones)
                acknowledged = posted.count() - acknowledged
                yield _summed(_add("asynchronous", done, acknowledged), "asynchronous")


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


def _add(mode: str, done: Sequence[Round], acknowledged: int) -> Tally:
    """This run and all before it."""
    lost, changed, without_alert, unpaged = (
        set().union(*(getattr(each.account, name) for each in done))
        for name in ("lost", "changed", "without_alert", "unpaged")
    )
    counts = Counter(f"{mode} failure: {each.failure}" for each in done)
    counts[f"{mode}: runs"] = 1
    counts[f"{mode}: acknowledged"] = acknowledged
    counts[f"{mode}: lost"] = len(lost)
    counts[f"{mode}: changed"] = len(changed)
    counts[f"{mode}: alerts lost"] = len(without_alert) + len(unpaged)
    return add(FAILOVERS, counts, {f"{mode}: {what}": each for what, each in _times(done).items()})


def _summed(all_runs: Tally, mode: str) -> Seen:
    """What was lost where a commit waits for a second node is a failure; else it is counted."""
    counts, kinds = all_runs.kinds(f"{mode}: "), all_runs.kinds(f"{mode} failure: ")
    lost = f"{counts['lost']} lost, {counts['changed']} with other bytes"
    seen = f"{lost}, {counts['alerts lost']} alerts lost of {counts['acknowledged']} acknowledged"
    is_lost = counts["lost"] + counts["changed"] + counts["alerts lost"]
    times = {what: all_runs.times[f"{mode}: {what}"] for what in WITHOUT}
    return verdict(
        f"{mode} failures, all runs so far summed",
        f"{counts['runs']} runs, {kinds.total()} of {WANTED[mode]} failures: {in_words(kinds)}",
        f"{seen}; {_in_words(times)}",
        [seen] if is_lost and mode == "synchronous" else [],
    )


def _moved(done: Sequence[Round]) -> str:
    return f"{sum(each.moved for each in done)} times another node took over"


def _gaps(done: Sequence[Round]) -> str:
    return _in_words(_times(done))


def _times(done: Sequence[Round]) -> dict[str, list[float]]:
    times = [each.without_answer_s for each in done], [each.without_page_s for each in done]
    return dict(zip(WITHOUT, times, strict=True))


def _in_words(times: Mapping[str, Sequence[float]]) -> str:
    return "; ".join(
        f"longest without a {what}: p50 {statistics.median(gaps):.1f} s, worst {max(gaps):.1f} s"
        for what, gaps in times.items()
    )
