"""Real alert workers in this process: real mail and webhooks, on a clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage
from threading import Event, Thread

from flask import Flask

from migrations.roles import libpq_url
from services.alerts.delivery.listener import WakeListener
from services.alerts.delivery.sending import Pace
from services.alerts.delivery.worker import Worker
from services.channels.base import TIMEOUT_S, Channel
from services.channels.smtp import SmtpChannel
from services.channels.webhook import WebhookChannel

PUBLIC_URL = "https://interlude.test"
SENDER = "interlude@hospital.test"
FIRST, SECOND = "first@hospital.test", "second@hospital.test"


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


def steady_pace() -> Pace:
    """A lease of 30 s, tries after 5 s up to a minute apart, and no jitter."""
    return Pace(30, 5, 60, jitter=lambda: 0.0)


def channels_to(smtp_port: int, timeout_s: float = TIMEOUT_S) -> dict[str, Channel]:
    """Mail to the server on this port, and webhooks to wherever a contact names.

    As patient as in production: on a busy machine a short time-out would page the next person.
    """
    mail = SmtpChannel("127.0.0.1", smtp_port, SENDER, PUBLIC_URL, timeout_s=timeout_s)
    return {
        "email": mail,
        "webhook": WebhookChannel(PUBLIC_URL, timeout_s=timeout_s, private_methods=True),
    }


def worker_on(
    worker_app: Flask,
    channels: Mapping[str, Channel],
    clock: Callable[[], datetime],
    pace: Pace | None = None,
) -> Worker:
    """A worker of the worker's own database role."""
    return Worker(channels, pace or steady_pace(), clock, worker_app.app_context)


@contextmanager
def working(worker: Worker, url: str, poll_s: float = 0.2) -> Iterator[None]:
    """The worker's loop in a thread of its own, for the length of a block; it must end with it."""
    stopping = Event()
    with WakeListener(libpq_url(url)) as listener:
        thread = Thread(target=worker.work, args=(listener, poll_s, stopping))
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join(30)
            assert not thread.is_alive()


class Pager:
    """A worker that sends real mail, and what it has sent since the last look."""

    def __init__(self, worker: Worker, inbox: list[EmailMessage]) -> None:
        self.worker, self.inbox = worker, inbox

    def new_pages(self) -> list[tuple[str, str]]:
        """To whom, and the subject in lower case, of what is sent now."""
        before = len(self.inbox)
        self.worker.settle()
        sent = self.inbox[before:]
        return sorted((str(one["To"]), str(one["Subject"]).casefold()) for one in sent)
