"""The worker: one thread listens and wakes the others, one moves what time moves, some send pages,
one writes and sends letters, one opens alerts for what did not happen, and one looks whether what
all need works. Any number may run.

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
from time import monotonic
from typing import Final, TypeVar

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from services.alerts.delivery.claiming import LETTERS, PAGES, channels_with_a_page
from services.alerts.delivery.escalating import advance, due_alerts, due_mails
from services.alerts.delivery.heartbeat import Heartbeat
from services.alerts.delivery.listener import WakeListener
from services.alerts.delivery.morning_mail import mail_in_the_morning
from services.alerts.delivery.receipts import ask_providers, take_reports
from services.alerts.delivery.sending import Clock, Pace, deliver_one
from services.alerts.monitors.drill_end import end_drills
from services.alerts.monitors.follow_up import missed_follow_ups, report_missed_follow_ups
from services.alerts.monitors.nights import all_of_them, look_ahead
from services.alerts.monitors.silence import report_silence, silent_patients
from services.channels.base import Channel
from services.password_reset.issue import issue_one

SENDERS_A_CHANNEL: Final = 4
STOP_WITHIN_S: Final = 30.0
MONITOR_EVERY_S: Final = 60.0
LOOK_EVERY_S: Final = 60.0
LOOK_AGAIN_S: Final = 5.0
# A burst wakes once for all that it brings within so long: a look costs as much as a page.
REST_S: Final = 0.01
CLOCK_REST_S: Final = 0.05
_Each = TypeVar("_Each")
_log = structlog.get_logger()


def _until(stopping: Event | None, found: Iterable[_Each]) -> Iterator[_Each]:
    """One after the other, and no more once the worker is to stop."""
    return takewhile(lambda _: not (stopping and stopping.is_set()), found)


@dataclass(frozen=True, slots=True)
class Worker:
    """What a worker works with. `in_context` opens what a thread needs to use the database, `look`
    finds what does not work: words of `services.operations.safety.REASONS`.
    """

    channels: Mapping[str, Channel]
    pace: Pace
    clock: Clock
    in_context: Callable[[], AbstractContextManager[object]]
    look: Callable[[], tuple[str, ...]] = tuple

    def work_once(self) -> None:
        """Everything that is due now, the monitors included; letters last."""
        with self.in_context():
            self._survive(lambda: ask_providers(self.channels, self.clock()))
            self._survive(self.report_silences)
            self._survive(self.report_missed_follow_ups)
            self._survive(self.look_at_nights)
        self.settle()
        self.send_letters(Event())

    def settle(self) -> None:
        """Move and send what is due, and whatever that makes due at once."""
        with self.in_context():
            self._survive(lambda: take_reports(self.clock()))
            while self.move_time() + sum(self.send_pages(channel) for channel in self.channels):
                pass

    def move_time(self) -> int:
        """Advance every alert whose due time has come by one step; how many were moved."""
        now = self.clock()
        self._survive(partial(end_drills, now))
        # One alert that cannot be moved must not keep the others waiting.
        steps = [
            self._logged("alert_moved", partial(advance, each, now), alert_id=str(each.alert_id))
            for each in due_alerts(now)
        ]
        mails = [
            self._logged(
                "morning_mail", partial(mail_in_the_morning, each, now), clinic_id=str(each)
            )
            for each in due_mails(now)
        ]
        return sum([*steps, *mails])

    def send_pages(self, channel: str) -> int:
        """Send what is due on one channel until nothing is; how many were tried."""
        tried = 0
        while self._deliver(channel, PAGES):
            tried += 1
        return tried

    def send_letters(self, stopping: Event) -> None:
        """Write and send letters until none is left or a page is due, one a channel at a time: many
        requests delay no letter.
        """
        with self.in_context():
            while not stopping.is_set():
                issued = self._survive(lambda: issue_one(self.clock()))
                sent = [
                    self._survive(partial(self._deliver, channel, LETTERS))
                    for channel in self.channels
                ]
                if not (issued or any(sent)):
                    return

    def report_silences(self, stopping: Event | None = None) -> int:
        """Open an alert for every patient who has been silent for too long; how many."""
        now = self.clock()
        silent = _until(stopping, silent_patients(now))
        return sum(
            self._logged(
                "silence_reported",
                partial(report_silence, each, now),
                clinic_id=str(each.clinic_id),
            )
            for each in silent
        )

    def report_missed_follow_ups(self, stopping: Event | None = None) -> int:
        """List every patient without a contact after a session; how many."""
        now = self.clock()
        missed = _until(stopping, missed_follow_ups(now))
        return sum(
            self._logged(
                "missed_contact_reported",
                partial(report_missed_follow_ups, each, now),
                clinic_id=str(each.clinic_id),
            )
            for each in missed
        )

    def look_at_nights(self, stopping: Event | None = None) -> int:
        """Tell administrators of gaps in the chains of the coming nights; how many clinics."""
        now = self.clock()
        return sum(
            self._logged("nights_reported", partial(look_ahead, each, now), clinic_id=str(each))
            for each in _until(stopping, all_of_them())
        )

    def work(self, listener: WakeListener, poll_s: float, stopping: Event) -> None:
        """Work until `stopping` is set; then finish what is being sent.

        Whatever ends it sets `stopping`: a process whose threads wait for one that has died would
        page nobody, and nobody would start it again.
        """
        names = [name for name in self.channels for _ in range(SENDERS_A_CHANNEL)]
        sender_wake_ups, clock_wake_up = [Event() for _ in names], Event()
        heartbeat = Heartbeat()
        _log.info("worker_started", worker_id=str(heartbeat.id), channels=sorted(self.channels))
        threads = [
            Thread(target=self._send_when_woken, args=(name, wake_up, stopping), name=name)
            for name, wake_up in zip(names, sender_wake_ups, strict=True)
        ]
        threads += [
            Thread(target=self._move_when_woken, args=(clock_wake_up, stopping), name="clock"),
            # A thread of its own: a letter never takes the place of a page.
            Thread(target=self._poll_for_letters, args=(poll_s, stopping), name="letters"),
            Thread(target=self._monitor, args=(stopping,), name="monitors"),
            Thread(target=self._look_around, args=(heartbeat, stopping), name="faults"),
        ]
        try:
            for thread in threads:
                thread.start()
            with self.in_context():
                while not stopping.is_set():
                    self._survive(partial(heartbeat.beat, monotonic()))
                    clock_wake_up.set()
                    self._survive(lambda: self._wake_senders(names, sender_wake_ups))
                    stopping.wait(REST_S)
                    self._listen(listener, poll_s, stopping)
        finally:
            stopping.set()
            for wake_up in (*sender_wake_ups, clock_wake_up):
                wake_up.set()
            for thread in threads:
                if thread.ident is not None:
                    thread.join(STOP_WITHIN_S)
        _log.info("worker_stopped", worker_id=str(heartbeat.id))

    def _deliver(self, channel: str, kinds: tuple[str, ...]) -> bool:
        return deliver_one(channel, self.channels, self.pace, self.clock, kinds)

    def _wake_senders(self, names: list[str], sender_wake_ups: list[Event]) -> None:
        """Those of channels without work sleep on: they would take the others' connections."""
        due = channels_with_a_page(self.channels, self.clock())
        for name, wake_up in zip(names, sender_wake_ups, strict=True):
            if name in due:
                wake_up.set()

    def _listen(self, listener: WakeListener, poll_s: float, stopping: Event) -> None:
        try:
            listener.wait(poll_s)
        except psycopg.Error:
            _log.warning("database_gone", where="wake")
            stopping.wait(poll_s)

    def _send_when_woken(self, channel: str, wake_up: Event, stopping: Event) -> None:
        while not stopping.is_set():
            wake_up.wait()
            wake_up.clear()
            with self.in_context():
                while not stopping.is_set() and self._survive(
                    partial(self._deliver, channel, PAGES)
                ):
                    pass

    def _move_when_woken(self, wake_up: Event, stopping: Event) -> None:
        while not stopping.is_set():
            wake_up.wait()
            wake_up.clear()
            with self.in_context():
                self._survive(lambda: take_reports(self.clock()))
                self._survive(self.move_time)
            stopping.wait(CLOCK_REST_S)

    def _poll_for_letters(self, poll_s: float, stopping: Event) -> None:
        while not stopping.wait(poll_s):
            self.send_letters(stopping)

    def _monitor(self, stopping: Event) -> None:
        while not stopping.is_set():
            with self.in_context():
                self._survive(lambda: ask_providers(self.channels, self.clock()))
                self._survive(partial(self.report_silences, stopping))
                self._survive(partial(self.report_missed_follow_ups, stopping))
                self._survive(partial(self.look_at_nights, stopping))
            stopping.wait(MONITOR_EVERY_S)

    def _look_around(self, heartbeat: Heartbeat, stopping: Event) -> None:
        while not stopping.is_set():
            with self.in_context():
                self._survive(lambda: heartbeat.note(self.look()))
            stopping.wait(LOOK_AGAIN_S if heartbeat.faults else LOOK_EVERY_S)

    def _logged(self, event: str, work: Callable[[], object], **ids: str) -> bool:
        """Whether this piece of work did something; then a line says so."""
        done = bool(self._survive(work))
        if done:
            _log.info(event, **ids)
        return done

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
