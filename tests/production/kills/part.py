"""The part of the proof: thousands of SIGKILLs on one node, and nothing acknowledged is lost."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Final

from tests.builders.world import ClinicWorld
from tests.fixtures.running import wait_until
from tests.production.beside import beside
from tests.production.failover.accounting import account, found_by_commands, longest_gap_s
from tests.production.failover.on_call import OnCall, responding
from tests.production.failover.phones import Phones, PostingPhone, all_posting
from tests.production.kills.killer import Killer
from tests.production.kills.service import KilledService, killed_service
from tests.production.lab.cluster import private_cluster
from tests.production.part import Trial
from tests.production.tally import KILLS, Tally, add, in_words
from tests.proofs.seen import Seen, verdict

PHONES: Final = 32
PAUSE_S: Final = (0.2, 0.6)
RETRY_S: Final = (0.1, 0.3)
TELL_EVERY_S: Final = 20.0
CALM_WITHIN_S: Final = 180.0
KILLED: Final = "killed: "


@dataclass(frozen=True, slots=True)
class KilledRun:
    """Everything that a run works with, and how long it was, in monotonic seconds."""

    service: KilledService
    clinic: ClinicWorld
    phones: Phones
    on_call: OnCall
    killer: Killer
    began: float
    ended: float


def kills(trial: Trial) -> Iterator[Seen]:
    """Kill for so many minutes, then account for everything that was acknowledged."""
    trial.tell("making a cluster")
    with (
        private_cluster(trial.folder / "cluster", max_connections="300") as cluster,
        killed_service(cluster.urls, trial.folder / "service") as service,
    ):
        clinic = service.world().clinic()
        clinic.contact(service.webhook.url)
        phones = list(_phones(service, clinic, trial.seed))
        with responding(service, clinic.staff("clinician")) as on_call:
            with all_posting(phones) as posted:
                killer = Killer(service, cluster, posted.count, random.Random(trial.seed))
                began = time.monotonic()
                with _telling(trial, killer, posted):
                    killer.go_on(began + trial.minutes * 60)
                ended = time.monotonic()
                wait_until(service.all_are_at_work, "everybody is at work", CALM_WITHIN_S)
            yield from _shown(KilledRun(service, clinic, posted, on_call, killer, began, ended))


def _phones(service: KilledService, clinic: ClinicWorld, seed: int) -> Iterator[PostingPhone]:
    """Half of them know one web process, half the other: what is down is asked again and again."""
    urls = list(service.web_urls.values())
    for place in range(PHONES):
        dice = random.Random(f"{seed} {place}")
        url = urls[place % len(urls)]
        yield PostingPhone(url, clinic.patient(), dice, pause_s=PAUSE_S, retry_s=RETRY_S)


@contextmanager
def _telling(trial: Trial, killer: Killer, phones: Phones) -> Iterator[None]:
    """How far it is, each few seconds, for the length of a block."""

    def tell(stopping: Event) -> None:
        while not stopping.wait(TELL_EVERY_S):
            trial.tell(f"{killer.kills.total()} kills, {phones.count()} answers acknowledged")

    with beside(tell):
        yield


def _shown(run: KilledRun) -> Iterator[Seen]:
    acknowledged, kills = run.phones.acknowledged(), run.killer.kills
    found = account(run.service, run.clinic, acknowledged, run.on_call)
    risky = sum(each.is_risky for each in acknowledged)
    minutes = (run.ended - run.began) / 60
    yield verdict(
        "SIGKILLs on one node: nothing acknowledged is lost or answered differently, each risky"
        " answer has an alert and was paged",
        f"{kills.total()} kills in {minutes:.1f} min: {in_words(kills)}",
        f"0 of {len(acknowledged)} acknowledged lost, 0 of {risky} risky without alert or page;"
        f" {_repeated(run)} pages came more than once, under their own key;"
        f" {_gap_s(run):.1f} s without an accepted check-in at the longest",
        [*found.problems(), *run.phones.problems()],
    )
    yield found_by_commands(run.service, "after SIGKILLs")
    lost = len(found.lost | found.changed | found.without_alert) + len(found.unpaged)
    of_run = {"runs": 1, "lost": lost, "acknowledged": len(acknowledged), "risky": risky}
    killed = {f"{KILLED}{kind}": count for kind, count in kills.items()}
    yield _summed(add(KILLS, of_run | killed))


def _summed(all_runs: Tally) -> Seen:
    counts, kinds = all_runs.counts, all_runs.kinds(KILLED)
    return verdict(
        "SIGKILLs on one node, all runs so far summed",
        f"{counts['runs']} runs, {kinds.total()} kills: {in_words(kinds)}",
        f"0 lost of {counts['acknowledged']} acknowledged, {counts['risky']} of them risky",
        [f"{counts['lost']} lost"] if counts["lost"] else [],
    )


def _repeated(run: KilledRun) -> int:
    keys = Counter(each.headers["Idempotency-Key"] for each in run.service.webhook.requests)
    return sum(count > 1 for count in keys.values())


def _gap_s(run: KilledRun) -> float:
    instants = [each.at for each in run.phones.acknowledged()]
    return longest_gap_s(instants, run.began, run.ended)
