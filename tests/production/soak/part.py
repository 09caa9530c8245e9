"""The part of the proof: at half load nothing goes wrong, nothing grows, and no answer is lost."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import quantiles
from typing import Final

from tests.builders.world import ClinicWorld, Person
from tests.fixtures.running import served, wait_until
from tests.production.failover.accounting import account, found_by_commands
from tests.production.failover.on_call import OnCall, responding
from tests.production.lab.cluster import private_cluster
from tests.production.part import Trial
from tests.production.soak.judging import LEAK, LEAKS_MB, JudgedRun
from tests.production.soak.looks import POSTGRESQL, Looks
from tests.production.soak.phones import PunctualPhones
from tests.production.soak.picture import picture
from tests.production.soak.readers import Readers
from tests.production.soak.service import SoakedService
from tests.production.tally import FOLDER
from tests.proofs.seen import Seen, verdict
from tools.child import Child

# Who answers for the hundredth time in a day has a hundred answers looked at: load that grows by
# itself. So there are more patients in a longer run, and each answers some thirty times.
PATIENTS_A_MINUTE: Final = 220
FEWEST: Final = 1_000
CALIBRATED_S: Final = 30.0
PAGED_S: Final = 2.0
CALM_WITHIN_S: Final = 120.0
LEAKING: Final = """
import os, time
kept = []
while True:
    kept.append(os.urandom({bytes_a_second}))
    time.sleep(1)
"""


@dataclass(frozen=True, slots=True)
class SoakedRun:
    """Everything that a run works with; `rate`: posts a second, half of what was taken before."""

    trial: Trial
    service: SoakedService
    clinic: ClinicWorld
    phones: PunctualPhones
    readers: Readers
    on_call: OnCall
    looks: Looks
    rate: float


def soak(trial: Trial) -> Iterator[Seen]:
    """Find what the machine takes, let half of it come for so many minutes, then look at it all."""
    trial.tell("making a cluster")
    with (
        private_cluster(trial.folder / "cluster") as cluster,
        served(SoakedService, cluster.urls, trial.folder / "service") as service,
        _leaking() as leak,
    ):
        clinic, people = _people(service, trial)
        phones = PunctualPhones(service.url, people, random.Random(trial.seed))
        staff = clinic.staff("clinician")
        readers = Readers(service, staff, people, trial.seed)
        looks = Looks(service, {POSTGRESQL: cluster.pid, LEAK: leak})
        with responding(service, staff) as on_call:
            with readers.reading():
                _warm_up(service, phones, readers)
                trial.tell("how much does the machine take?")
                rate = phones.post_at_once(CALIBRATED_S) / 2
                phones.forget()
                trial.tell(f"{rate:.0f} posts a second for {trial.minutes:g} minutes")
                with looks.going_on():
                    phones.post_at(rate, trial.minutes * 60)
            run = SoakedRun(trial, service, clinic, phones, readers, on_call, looks, rate)
            yield from _shown(run)


def _warm_up(service: SoakedService, phones: PunctualPhones, readers: Readers) -> None:
    """Threads and connections are made when they are first needed, up to their bounds: let all of
    them be needed before it is looked whether they grow.
    """
    readers.crowd(CALIBRATED_S)
    phones.page_at_once(PAGED_S)
    _wait_for_calm(service)


def _people(service: SoakedService, trial: Trial) -> tuple[ClinicWorld, list[Person]]:
    clinic = service.world().clinic()
    clinic.contact(service.webhook.url)
    people = []
    count = max(FEWEST, round(trial.minutes * PATIENTS_A_MINUTE))
    for number in range(count):
        if not number % 100:
            trial.tell(f"{number} of {count} patients")
        people.append(clinic.patient())
    return clinic, people


@contextmanager
def _leaking() -> Iterator[int]:
    """A process that takes more and more memory, for the length of a block; its number."""
    program = LEAKING.format(bytes_a_second=round(LEAKS_MB * 1e6 / 3600))
    child = Child(LEAK, [sys.executable, "-c", program], {}, print)
    child.start()
    try:
        yield child.process.pid  # type: ignore[union-attr] # it has just been started
    finally:
        child.kill()


def _wait_for_calm(service: SoakedService) -> None:
    """Until whoever is paged has resolved every alert; raises `AssertionError` when they do not."""
    waiting = "SELECT count(*) AS n FROM alerts WHERE status <> 'resolved'"
    wait_until(lambda: service.rows(waiting)[0].n == 0, "all is resolved", CALM_WITHIN_S)


def _shown(run: SoakedRun) -> Iterator[Seen]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    run.looks.write(FOLDER / "soak.csv")
    (FOLDER / "soak.svg").write_text(_picture(run))
    yield _nothing_goes_wrong(run)
    yield _times(run)
    yield found_by_commands(run.service, "after half load")
    yield from JudgedRun(run.looks.taken, run.trial.minutes).shown()


def _picture(run: SoakedRun) -> str:
    began = run.phones.waits[0][0]
    waits = [((due - began) / 60, 1000 * waited) for due, waited in run.phones.waits]
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    return picture(run.looks.taken, waits, f"Half load: {run.rate:.0f} posts a second, {when} UTC")


def _nothing_goes_wrong(run: SoakedRun) -> Seen:
    open_alerts = list[str]()
    try:
        _wait_for_calm(run.service)
    except AssertionError as late:
        open_alerts.append(str(late))
    acknowledged = run.phones.acknowledged
    found = account(run.service, run.clinic, acknowledged, run.on_call)
    amiss = run.phones.amiss + run.readers.amiss + run.on_call.amiss
    risky = sum(each.is_risky for each in acknowledged)
    reads = ", ".join(f"{count} x {name}" for name, count in run.readers.read.most_common())
    return verdict(
        "half load: no answer but the right one, nothing acknowledged is lost or stored otherwise,"
        " each risky answer has an alert and was paged",
        f"{run.trial.minutes:g} min, {run.rate:.0f} posts a second of"
        f" {len(run.phones.people)} patients; {reads};"
        f" {len(run.on_call.paged())} pages answered",
        f"0 amiss; 0 of {len(acknowledged)} acknowledged lost, 0 of {risky} risky without alert or"
        " page; every alert resolved",
        [
            *(f"{count} x {what}" for what, count in amiss.items()),
            *found.problems(),
            *run.looks.failed,
            *open_alerts,
        ],
    )


def _times(run: SoakedRun) -> Seen:
    """No limit: they are also of whatever else the machine does."""
    waits = sorted(run.phones.waits)
    third = len(waits) // 3
    words = []
    for name, part in (("first", waits[:third]), ("last", waits[-third:])):
        cuts = quantiles([1000 * waited for _, waited in part], n=100, method="inclusive")
        words.append(f"p50 {cuts[49]:.0f} and p99 {cuts[98]:.0f} ms in the {name} third")
    size = f"{len(waits)} posts, {run.rate:.0f} a second"
    return Seen("half load: from when a post was due to its answer", size, ", ".join(words), True)
