"""Ten alert workers on two nodes share the outbox; a node that dies or freezes hands over what it
was sending.

Half of the pages go out by mail and half by webhook, to real servers. A page has one key for ever
(`Message-ID`, `Idempotency-Key`): whoever receives it twice can tell.
"""

from __future__ import annotations

import os
import signal
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from statistics import median
from time import monotonic
from typing import Final

from tests.fixtures.answering import Patients, at_work, patients_who_answer
from tests.fixtures.running import RunningService, service_on, wait_until
from tests.fixtures.webhook import ReceivedRequest
from tests.production.lab.cluster import private_cluster
from tests.production.part import Trial
from tests.proofs.seen import Seen, verdict
from tools.child import Child

ON_A_NODE: Final = 5
PAGES: Final = 200
UP_WITHIN_S: Final = 180.0
OUT_WITHIN_S: Final = 180.0
# So long a mail takes where a node is to be caught with leases.
MAIL_S: Final = 0.5
CAUGHT_WITH: Final = 20
# Pages once a node that was frozen is there again.
AFTERWARDS: Final = 40
# Seconds: short, and as it ships.
LEASES_S: Final = (5, 30)
# From the end of a lease on: to see it, and to send what is more urgent first.
TAKEN_OVER_WITHIN_S: Final = 15.0
SENDING: Final = """
SELECT count(*) AS n FROM notifications
WHERE clinic_id = ANY(%s) AND kind = 'page' AND state = 'sending'
"""
BEATING: Final = "SELECT count(*) AS n FROM worker_heartbeats WHERE beat_at > %s"
EXPIRED: Final = """
SELECT DISTINCT notification_id::text AS key FROM notification_attempts
WHERE clinic_id = ANY(%s) AND outcome = 'lease_expired'
"""


@dataclass(frozen=True, slots=True)
class WorkerNode:
    """Alert workers that live and die with one machine."""

    running: RunningService
    workers: Sequence[Child]

    def kill(self) -> None:
        """SIGKILL for all, at once."""
        self._signal(signal.SIGKILL)
        for worker in self.workers:
            self.running.kill(worker)

    def freeze(self) -> None:
        """SIGSTOP for all: their connections stay, and what they hold in the database."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on, as if no time had passed for them."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        for worker in self.workers:
            if worker.process is not None:
                os.killpg(worker.process.pid, number)


def workers(trial: Trial) -> Iterator[Seen]:
    """Speed and single sending by 1, 2 and 10 workers, then nodes that vanish."""
    with (
        private_cluster(trial.folder / "cluster", max_connections="400") as cluster,
        service_on(cluster.urls, trial.folder / "data") as running,
    ):
        speeds = []
        for count in (1, 2, 2 * ON_A_NODE):
            trial.tell(f"{count} workers")
            with _patients_and_nodes(running, (count,), lease_s=30) as (patients, (node,)):
                speeds.append(f"{count}: {_burst(running, patients, node):.0f} pages/s")
        yield Seen(
            "many workers share the outbox: each page sent once, at the first try",
            f"{PAGES} pages by mail and webhook, by 1, 2 and {2 * ON_A_NODE} workers",
            f"{'; '.join(speeds)} (clients and receivers on the same cores)",
            ok=True,
        )
        for lease_s in LEASES_S:
            trial.tell(f"a node is killed, leases of {lease_s} s")
            yield _killed(running, lease_s)
        trial.tell("a node freezes")
        yield _frozen(running, LEASES_S[0])


@contextmanager
def _patients_and_nodes(
    running: RunningService, sizes: Sequence[int], lease_s: int
) -> Iterator[tuple[Patients, list[WorkerNode]]]:
    """Nodes with so many workers, all at work, for the length of a block."""
    with patients_who_answer(running) as patients, running.workers(0):
        nodes = [
            WorkerNode(running, [running.start_worker(LEASE_S=str(lease_s)) for _ in range(size)])
            for size in sizes
        ]
        everybody = [worker for node in nodes for worker in node.workers]
        wait_until(
            lambda: len(at_work(running, everybody)) == len(everybody), "all work", UP_WITHIN_S
        )
        try:
            yield patients, nodes
        finally:
            running.mail.delay_s = 0.0
            for node in nodes:
                node.thaw()


def _fill_the_outbox(patients: Patients, nodes: Sequence[WorkerNode], pages: int) -> None:
    """While they stand still; then all go on at one moment."""
    for node in nodes:
        node.freeze()
    patients.answer(pages)
    patients.all_were_taken()
    for node in nodes:
        node.thaw()


def _burst(running: RunningService, patients: Patients, node: WorkerNode) -> float:
    """Pages a second, once there is one for each of them to take."""
    _fill_the_outbox(patients, [node], PAGES)
    _wait_until_all_is_out(patients)
    arrived = _arrivals(running, patients)
    copies = {key: len(times) for key, times in arrived.items() if len(times) != 1}
    assert not copies, f"sent twice: {copies}"
    assert len(arrived) == PAGES, f"{len(arrived)} pages of {PAGES} arrived"
    assert {page.attempts for page in patients.pages()} == {1}, "tried twice"
    instants = sorted(times[0] for times in arrived.values())
    return (len(instants) - 1) / (instants[-1] - instants[0])


def _killed(running: RunningService, lease_s: int) -> Seen:
    """One of two nodes dies while it sends; the other takes over when its leases run out."""
    with _patients_and_nodes(running, (ON_A_NODE,) * 2, lease_s) as (patients, nodes):
        _catch(running, patients, nodes)
        nodes[0].kill()
        vanished_at = monotonic()
        _wait_until_all_is_out(patients)
        claim = "a node of many workers is killed (SIGKILL) while it sends: another takes over"
        arrived = _arrivals(running, patients)
        return _taken_over(claim, lease_s, running, patients, vanished_at, arrived)


def _frozen(running: RunningService, lease_s: int) -> Seen:
    """One of two nodes stands still, wakes up with leases that ran out, and works on."""
    with _patients_and_nodes(running, (ON_A_NODE,) * 2, lease_s) as (patients, nodes):
        _catch(running, patients, nodes)
        nodes[0].freeze()
        vanished_at = monotonic()
        _wait_until_all_is_out(patients)
        arrived = _arrivals(running, patients)
        nodes[0].thaw()
        ((since,),) = running.rows("SELECT clock_timestamp() AS now")
        wait_until(
            lambda: running.rows(BEATING, since)[0].n == 2 * ON_A_NODE, "all beat", OUT_WITHIN_S
        )
        known = _arrivals(running, patients).keys()
        patients.answer(AFTERWARDS)
        patients.all_were_taken()
        _wait_until_all_is_out(patients)
        claim = "a node of many workers freezes (SIGSTOP) while it sends: another takes over; it"
        claim += " wakes with leases that ran out, and works on without a page sent twice"
        return _taken_over(claim, lease_s, running, patients, vanished_at, arrived, known)


def _catch(running: RunningService, patients: Patients, nodes: Sequence[WorkerNode]) -> None:
    """Until many pages are being sent at once, by all of them."""
    running.mail.delay_s = MAIL_S
    _fill_the_outbox(patients, nodes, PAGES)
    wait_until(
        lambda: running.rows(SENDING, patients.clinic_ids)[0].n >= CAUGHT_WITH,
        "many are being sent",
    )


def _wait_until_all_is_out(patients: Patients) -> None:
    wait_until(patients.every_page_is_out, "every page is out", OUT_WITHIN_S)


def _taken_over(
    claim: str,
    lease_s: int,
    running: RunningService,
    patients: Patients,
    vanished_at: float,
    meanwhile: Mapping[str, Sequence[float]],
    known: Collection[str] = (),
) -> Seen:
    """Each page arrived, in time; more than once only what was sent under a lease that ran out.

    `meanwhile`: what had arrived while the node was away, when every page was out. `known`: the
    keys of those that had arrived when it was there again.
    """
    arrived = _arrivals(running, patients)
    expired = {row.key for row in running.rows(EXPIRED, patients.clinic_ids)}
    # The last copy: an earlier one may be what the node itself had under way.
    after_s = {key: times[-1] - vanished_at for key, times in meanwhile.items() if key in expired}
    longest_s = lease_s + TAKEN_OVER_WITHIN_S
    copies = {key: len(times) for key, times in arrived.items() if len(times) > 1}
    missing = {str(page.id) for page in patients.pages()} - arrived.keys()
    later = {key for key in copies if known and key not in known}
    problems = [
        *(f"{key} never arrived" for key in missing),
        *(
            f"{key} came {n} times, and no lease ran out"
            for key, n in copies.items()
            if key not in expired
        ),
        *(f"{key} came twice after the node was there again" for key in later),
        *(f"{key} came after {s:.1f} s" for key, s in after_s.items() if s > longest_s),
        *(f"{key} was not taken over meanwhile" for key in expired - meanwhile.keys()),
        *([] if after_s else ["no lease ran out: nothing was tried"]),
    ]
    return verdict(
        f"{claim}, each page within the lease and {TAKEN_OVER_WITHIN_S:g} s",
        f"2 nodes of {ON_A_NODE} workers, {len(arrived)} pages, leases of {lease_s} s",
        f"every page arrived; {len(expired)} leases ran out; another worker's page was there"
        f" {median(after_s.values() or [0]):.1f} s (p50) and {max(after_s.values(), default=0):.1f}"
        f" s (worst) after the node vanished; {len(copies)} came more than once, under their key",
        problems,
    )


def _arrivals(running: RunningService, patients: Patients) -> dict[str, list[float]]:
    """When each key of their pages arrived, every copy (monotonic seconds)."""
    keys = {str(page.id) for page in patients.pages()}
    mail, hook = running.mail, running.webhook
    came = [
        *zip(map(_key_of_mail, list(mail.inbox)), list(mail.arrived_at), strict=False),
        *zip(map(_key_of_call, list(hook.requests)), list(hook.arrived_at), strict=False),
    ]
    found = defaultdict[str, list[float]](list)
    for key, at in came:
        if key in keys:
            found[key].append(at)
    return dict(found)


def _key_of_mail(mail: EmailMessage) -> str:
    return str(mail["Message-ID"]).strip("<>").partition("@")[0]


def _key_of_call(request: ReceivedRequest) -> str:
    return request.headers["Idempotency-Key"]
