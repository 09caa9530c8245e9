"""The alert worker: one thread listens and rings, one moves what time moves, others send, and one
hears who is not heard of. Any number may run.

Each thread looks, does one piece of work in transactions of its own, and looks again; what it was
doing when it died is found by the next one. The database may go and come back. None waits for
another's work: a page goes out at once while a thousand ladders move.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from threading import Event, Thread
from typing import Final, TypeVar

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from services.alerts.delivery.claiming import anything_due
from services.alerts.delivery.escalating import advance, due_alerts, due_mails
from services.alerts.delivery.listener import Ear
from services.alerts.delivery.morning_mail import mail_in_the_morning
from services.alerts.delivery.sending import Clock, Pace, deliver_one
from services.alerts.monitors.follow_up import report_unheard, unheard_patients
from services.alerts.monitors.silence import report_silence, silent_patients
from services.channels.base import Channel

SENDERS_A_CHANNEL: Final = 4
FAREWELL_S: Final = 30.0
LISTEN_EVERY_S: Final = 60.0
_Each = TypeVar("_Each")
_log = structlog.get_logger()


def no_errand() -> bool:
    """Nothing to do beside pages."""
    return False


def _until(stopping: Event | None, found: Iterable[_Each]) -> Iterator[_Each]:
    """One after the other, and no more once we are told to stop."""
    return takewhile(lambda _: not (stopping and stopping.is_set()), found)


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker works with. `in_context` opens what a thread needs to use the database.

    `errand`: one piece of work that may wait, true when it did something. A thread of its own
    runs it, and only while no page is due.
    """

    channels: Mapping[str, Channel]
    pace: Pace
    clock: Clock
    in_context: Callable[[], AbstractContextManager[object]]
    errand: Callable[[], bool] = no_errand

    def move_time(self) -> int:
        """Advance every alert whose due time has come by one step; how many were moved."""
        now = self.clock()
        steps = [partial(advance, alert, now) for alert in due_alerts(now)]
        mails = [partial(mail_in_the_morning, clinic_id, now) for clinic_id in due_mails(now)]
        # One alert that cannot be moved must not keep the others waiting.
        return sum(bool(self._survive(work)) for work in [*steps, *mails])

    def hear_silence(self, stopping: Event | None = None) -> int:
        """Open an alert for every patient who has been silent for too long; how many."""
        now = self.clock()
        silent = _until(stopping, silent_patients(now))
        return sum(bool(self._survive(partial(report_silence, each, now))) for each in silent)

    def miss_follow_ups(self, stopping: Event | None = None) -> int:
        """List every patient of whom nothing was heard after a session; how many."""
        now = self.clock()
        unheard = _until(stopping, unheard_patients(now))
        return sum(bool(self._survive(partial(report_unheard, each, now))) for each in unheard)

    def send_all(self, channel: str) -> int:
        """Send what is due on one channel until nothing is; how many were tried."""
        tried = 0
        while deliver_one(channel, self.channels, self.pace, self.clock):
            tried += 1
        return tried

    def work_once(self) -> None:
        """Everything that is due now, silences included."""
        with self.in_context():
            self._survive(self.hear_silence)
            self._survive(self.miss_follow_ups)
        self.settle()
        self.do_errands(Event())

    def settle(self) -> None:
        """Move and send what is due, and whatever that makes due at once."""
        with self.in_context():
            while self.move_time() + sum(self.send_all(channel) for channel in self.channels):
                pass

    def do_errands(self, stopping: Event) -> None:
        """All errands that wait, until a page is due."""
        with self.in_context():
            while not stopping.is_set() and self._survive(self._do_one_errand):
                pass

    def work(self, ear: Ear, poll_s: float, stopping: Event) -> None:
        """Work until `stopping` is set; then finish what is being sent."""
        names = [name for name in self.channels for _ in range(SENDERS_A_CHANNEL)]
        bells, clock_bell = [Event() for _ in names], Event()
        threads = [
            Thread(target=self._send_on_ringing, args=(name, bell, stopping), name=name)
            for name, bell in zip(names, bells, strict=True)
        ]
        threads += [
            Thread(target=self._move_on_ringing, args=(clock_bell, stopping), name="clock"),
            Thread(target=self._watch_for_silence, args=(stopping,), name="silence"),
            Thread(target=self._run_errands, args=(poll_s, stopping), name="errands"),
        ]
        for thread in threads:
            thread.start()
        with self.in_context():
            while not stopping.is_set():
                clock_bell.set()
                self._survive(lambda: self._ring_for_pages(bells))
                self._listen(ear, poll_s, stopping)
        for bell in (*bells, clock_bell):
            bell.set()
        for thread in threads:
            thread.join(FAREWELL_S)

    def _ring_for_pages(self, bells: list[Event]) -> None:
        if anything_due(self.channels, self.clock()):
            for bell in bells:
                bell.set()

    def _listen(self, ear: Ear, poll_s: float, stopping: Event) -> None:
        try:
            ear.wait(poll_s)
        except psycopg.OperationalError:
            _log.warning("database_gone", where="wake")
            stopping.wait(poll_s)

    def _send_on_ringing(self, channel: str, bell: Event, stopping: Event) -> None:
        while not stopping.is_set():
            bell.wait()
            bell.clear()
            with self.in_context():
                while not stopping.is_set() and self._survive(
                    partial(deliver_one, channel, self.channels, self.pace, self.clock)
                ):
                    pass

    def _move_on_ringing(self, bell: Event, stopping: Event) -> None:
        while not stopping.is_set():
            bell.wait()
            bell.clear()
            with self.in_context():
                self._survive(self.move_time)

    def _watch_for_silence(self, stopping: Event) -> None:
        while not stopping.is_set():
            with self.in_context():
                self._survive(partial(self.hear_silence, stopping))
                self._survive(partial(self.miss_follow_ups, stopping))
            stopping.wait(LISTEN_EVERY_S)

    def _run_errands(self, poll_s: float, stopping: Event) -> None:
        while not stopping.wait(poll_s):
            self.do_errands(stopping)

    def _do_one_errand(self) -> bool:
        return not anything_due(self.channels, self.clock()) and self.errand()

    def _survive(self, work: Callable[[], object]) -> object:
        """Run one piece of work; whatever it raises is logged (by its kind: a message could name
        somebody) and the worker lives on.
        """
        try:
            return work()
        except SQLAlchemyError as error:
            _log.warning("database_fault", kind=type(error).__name__)
        except Exception as error:  # noqa: BLE001 -- a worker that dies pages nobody any more
            _log.error("worker_fault", kind=type(error).__name__)
        return None
