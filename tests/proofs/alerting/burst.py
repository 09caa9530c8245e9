"""A burst of alerts, from the POST to the page at the receiver, and killed in the middle of it:
ours and Prometheus Alertmanager in turn, the same clients, the same receiver, the same machine.

Ours keeps a patient's answer, decides, and commits alert and page before it answers; Alertmanager
keeps an alert in memory. What is lost there comes again only while a Prometheus still sees its
cause and sends it again, each minute or so; an answer of a patient has no such second sender.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from pathlib import Path
from queue import Empty, SimpleQueue
from statistics import median
from typing import Any, Final, Protocol
from uuid import uuid4

import orjson

from api.play.phones import Wire
from tests.builders.entries import phq9
from tests.fixtures.running import RunningService, service_on, wait_until
from tests.fixtures.webhook import Answer, WebhookReceiver
from tests.proofs.alerting.alertmanager import PACKAGE, Alertmanager
from tests.proofs.apart import new_database
from tests.proofs.seen import Seen, verdict

CLIENTS: Final = 8
# What a worker has when nobody sets anything; the running service is quicker to try again.
AS_SHIPPED: Final = {"LEASE_S": "30", "POLL_S": "1", "RETRY_BASE_S": "5", "RETRY_MAX_S": "60"}
STILL_S: Final = 10.0
PATIENTS: Final = "SELECT id, patient_id FROM alerts WHERE clinic_id = %s"
SOON: Final = "a burst's pages arrive as soon as Alertmanager's: POST to received page"
KEPT: Final = "kill -9 of everything in the middle of a burst loses no page"
NOT_HERE: Final = f"not measured: needs Debian's {PACKAGE}"


@dataclass(frozen=True, slots=True)
class Post:
    """One request that is to become a page; `name` is what the page tells it by."""

    name: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Side(Protocol):
    """One of the two."""

    name: str
    url: str
    page_url: str

    def posts(self, count: int) -> list[Post]:
        """A burst, ready to be sent."""
        ...

    def names_on(self, pages: Iterable[Any]) -> list[str]:
        """The name that each received page tells."""
        ...

    def kill_and_start(self) -> None:
        """SIGKILL of every process, and the next start."""
        ...

    def settle(self) -> None:
        """Until it has nothing left to send."""
        ...


class Ours:
    """The running service: a clinic that is paged by one webhook, a patient for each alert."""

    name = "ours"

    def __init__(self, running: RunningService) -> None:
        self.running, self.url = running, running.url
        self.page_url = f"{running.webhook.url}/ours"
        self.clinic = running.world().clinic()
        self.clinic.contact(self.page_url)

    def posts(self, count: int) -> list[Post]:
        """So many new patients answer item 9 with 2."""
        patients = [self.clinic.patient() for _ in range(count)]
        kind = {"Content-Type": "application/json"}
        return [
            Post(
                str(one.patient_id),
                "/v1/check-ins",
                kind | one.headers,
                orjson.dumps(phq9(item9=2)),
            )
            for one in patients
        ]

    def names_on(self, pages: Iterable[Any]) -> list[str]:
        """The patient whose alert it is."""
        of = {
            str(row.id): str(row.patient_id) for row in self.running.rows(PATIENTS, self.clinic.id)
        }
        return [of[page["alert_id"]] for page in pages]

    def kill_and_start(self) -> None:
        """The API and every worker."""
        for worker in list(self.running.children):
            self.running.kill(worker)
        self.running.kill_api()
        self.running.start_worker()
        wait_until(self.running.is_ready, "the API is ready", 60)

    def settle(self) -> None:
        """Its outbox is empty."""
        wait_until(lambda: not self.running.pages_waiting(self.clinic.id), "all pages are out", 180)


class Theirs:
    """Alertmanager."""

    name = "Alertmanager"

    def __init__(self, process: Alertmanager) -> None:
        self.process, self.url, self.page_url = process, process.url, process.page_url

    def posts(self, count: int) -> list[Post]:
        """So many alerts that differ in a label."""
        names = [str(uuid4()) for _ in range(count)]
        kind = {"Content-Type": "application/json"}
        labels = [{"alertname": "suicide_risk", "severity": "high", "who": one} for one in names]
        return [
            Post(one["who"], "/api/v2/alerts", kind, orjson.dumps([{"labels": one}]))
            for one in labels
        ]

    def names_on(self, pages: Iterable[Any]) -> list[str]:
        """The label."""
        return [page["groupLabels"]["who"] for page in pages]

    def kill_and_start(self) -> None:
        """Its one process."""
        self.process.kill()
        self.process.start()

    def settle(self) -> None:
        """It tells nobody: longer than its waits between tries."""
        time.sleep(STILL_S)


def bursts(alerts: int, rounds: int) -> Iterator[Seen]:
    """The lines of the table: a service of its own, since nobody takes these alerts."""
    if not Alertmanager.is_here():
        yield Seen(SOON, f"{alerts} alerts", NOT_HERE, None)
        return
    with (
        tempfile.TemporaryDirectory(prefix="interlude-burst-") as name,
        new_database(Path(name)) as urls,
        service_on(urls, Path(name) / "data") as running,
        alertmanager(Path(name), running) as process,
    ):
        ours, theirs = Ours(running), Theirs(process)
        yield as_soon(running, ours, theirs, alerts, rounds)
        yield none_lost(running.webhook, ours, theirs, alerts)


@contextmanager
def alertmanager(folder: Path, running: RunningService) -> Iterator[Alertmanager]:
    """Pages the receiver of the service."""
    process = Alertmanager(folder / "alertmanager", f"{running.webhook.url}/theirs")
    process.start()
    try:
        yield process
    finally:
        process.kill()


def as_soon(running: RunningService, ours: Ours, theirs: Theirs, alerts: int, rounds: int) -> Seen:
    """The times of all rounds of each, with the worker as it is shipped."""
    times: dict[str, list[float]] = {ours.name: [], theirs.name: []}
    sides: tuple[Side, ...] = (ours, theirs)
    with running.workers(0):
        running.start_worker(**AS_SHIPPED)
        for side in sides:
            one_burst(running.webhook, side, CLIENTS)  # a warm-up
        for _ in range(rounds):
            for side in sides:
                times[side.name] += one_burst(running.webhook, side, alerts)
    mine, other = (figures(times[side.name]) for side in sides)
    return Seen(
        SOON,
        f"{alerts} alerts, {CLIENTS} clients, {rounds} x each in turn",
        f"{words(mine)}; {theirs.name} {words(other)}",
        ok=all(one <= two for one, two in zip(mine, other, strict=True)),
    )


def figures(times: Sequence[float]) -> tuple[float, float]:
    """p50 and p99."""
    return median(times), sorted(times)[min(len(times) - 1, len(times) * 99 // 100)]


def words(of: tuple[float, float]) -> str:
    return f"p50 {of[0] * 1000:.0f} ms, p99 {of[1] * 1000:.0f} ms"


def one_burst(receiver: WebhookReceiver, side: Side, alerts: int) -> list[float]:
    """Seconds from each POST to its first page."""
    receiver.reset()
    sent = send(side, side.posts(alerts))
    assert len(sent) == alerts, "every POST was answered 2xx"
    receiver.wait_for(alerts, 120)  # looking costs time: not before
    wait_until(lambda: sent.keys() <= arrivals(receiver, side).keys(), "each is paged", 120)
    arrived = arrivals(receiver, side)
    return [arrived[name] - at for name, at in sent.items()]


def arrivals(receiver: WebhookReceiver, side: Side) -> dict[str, float]:
    """When the first page of each was there."""
    came = zip(list(receiver.requests), list(receiver.arrived_at), strict=False)
    its = [(page.json(), at) for page, at in came if side.page_url.endswith(page.path)]
    found: dict[str, float] = {}
    for name, (_, at) in zip(side.names_on(page for page, _ in its), its, strict=True):
        found.setdefault(name, at)
    return found


def send(
    side: Side, posts: Iterable[Post], answered: Callable[[int], None] = lambda _: None
) -> dict[str, float]:
    """Send them by so many clients, each one at a time; when each that was answered 2xx was sent.
    `answered` is told how many were.
    """
    waiting: SimpleQueue[Post] = SimpleQueue()
    for post in posts:
        waiting.put(post)
    sent: dict[str, float] = {}

    def client() -> None:
        wire = Wire(side.url, tries=1)
        with suppress(Empty):
            while True:
                post = waiting.get_nowait()
                began = time.monotonic()
                with suppress(OSError, HTTPException):
                    if wire.send("POST", post.path, post.headers, post.body).status < 300:
                        sent[post.name] = began
                        answered(len(sent))
        wire.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(client) for _ in range(CLIENTS)]:
            done.result()
    return sent


def none_lost(receiver: WebhookReceiver, ours: Ours, theirs: Theirs, alerts: int) -> Seen:
    """Killed when half of the burst is answered: with a receiver that is well, and with one that
    is away until everything has started again.
    """
    lost = {
        (side.name, away): lost_by_a_kill(receiver, side, alerts, away=away)
        for side in (ours, theirs)
        for away in (False, True)
    }
    words_of_both = "; ".join(
        f"{name}{', receiver away' if away else ''}: {gone} of {taken} lost"
        for (name, away), (gone, taken) in lost.items()
    )
    against = [words_of_both] if any(lost[ours.name, away][0] for away in (False, True)) else []
    return verdict(KEPT, f"{alerts} alerts, killed at the half", words_of_both, against)


def lost_by_a_kill(
    receiver: WebhookReceiver, side: Side, alerts: int, *, away: bool
) -> tuple[int, int]:
    """How many of those that were answered 2xx never arrived, and how many these were."""
    receiver.reset()
    posts = side.posts(alerts)
    if away:
        receiver.otherwise = Answer(503)
    half = threading.Event()

    def at_the_half(answered: int) -> None:
        if answered >= alerts // 2:
            half.set()

    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(partial(send, side, posts, at_the_half))
        assert half.wait(60), "half of the burst was answered"
        side.kill_and_start()
        taken = sending.result()
    if away:
        receiver.requests.clear()
        receiver.arrived_at.clear()
        receiver.otherwise = Answer()
    side.settle()
    return len(taken.keys() - arrivals(receiver, side).keys()), len(taken)
