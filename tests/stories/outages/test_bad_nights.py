"""One thing after another goes wrong around the running service, and whoever is in danger is still
found, answered and paged.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any
from uuid import uuid4

import orjson
import pytest

from api.front.command import serve_command
from api.play.phones import Reply, Wire
from tests.builders.entries import ago, phq9
from tests.builders.seen import saw
from tests.builders.workers import FIRST
from tests.builders.world import Person
from tests.fixtures.mail import MailFault
from tests.fixtures.running import BIN, UP_LIMIT_S, RunningService, free_port, wait_until
from tools.child import Child

pytestmark = pytest.mark.xdist_group("running")
# What becomes of everything that a process writes.
LOGS = {
    "disk full": 'exec "$@" >/dev/full 2>&1',
    "reader gone": '"$@" 2>&1 | true',
    "closed": 'exec "$@" >&- 2>&-',
}
# Said to every recipient, or to the chain's first contact alone.
MAIL = {
    "sender refused": (MailFault.SENDER_REFUSED, None),
    "no such mailbox": (MailFault.REFUSE_PERMANENTLY, {FIRST}),
    "later": (MailFault.REFUSE_TEMPORARILY, None),
    "cut before it is there": (MailFault.DROP_BEFORE_DATA, None),
    "cut after it is there": (MailFault.DROP_AFTER_DATA, None),
}
OTHER_KEY = "another-key-of-the-same-length-that-opens-nothing-here-0123456789"
TRIES = "SELECT count(*) AS n FROM notification_attempts WHERE clinic_id = %s"


@contextmanager
def other_api(running: RunningService, shell: str) -> Iterator[Wire]:
    """One more API process on the same database, whose output goes where `shell` sends it."""
    port = free_port()
    environ = {**running.environ(), "INTERLUDE_PORT": str(port)}
    settings = type(running.settings).from_environ(environ)
    serve = ["/bin/sh", "-c", shell, "sh", *serve_command(settings, 1)]
    api = Child("other API", serve, environ, print)
    api.start()
    wire = Wire(f"http://127.0.0.1:{port}", tries=1)
    try:
        wait_until(lambda: is_ready(wire), "the other API is ready", UP_LIMIT_S)
        yield wire
    finally:
        wire.close()
        api.kill()


def is_ready(wire: Wire) -> bool:
    with suppress(OSError):
        return wire.send("GET", "/readyz", {}).status == 200
    return False


@pytest.mark.parametrize("log", LOGS)
def test_without_a_log_danger_is_answered_and_paged(
    running: RunningService, log: str, times: int = 2
) -> None:
    clinic = running.clinic()
    with other_api(running, LOGS[log]) as wire:
        for _ in range(times):
            pat = clinic.patient()
            assert post(wire, pat, phq9()).status == 201
            refused = post(wire, pat, phq9(item9=3, surprise=1))
            assert refused.status == 422
            assert document(refused)["safety"]["level"] == "crisis"
            asked = {"id": str(uuid4()), "recorded_at": ago(seconds=0)}
            assert post(wire, pat, asked, "/v1/help-requests").status == 201
            for alert in running.alerts(pat):
                running.wait_for_page(alert.id)
        assert wire.send("GET", "/healthz", {}).status == 200
    saw(f"{3 * times} requests answered as ever, {2 * times} pages")


def test_a_database_that_only_reads_takes_nothing_and_says_so(
    running: RunningService, times: int = 2
) -> None:
    clinic = running.clinic()
    waiting = [(clinic.patient(), phq9(item9=3)) for _ in range(times)]
    with running.database_reads_only():
        for path in ("/readyz", "/safetyz"):
            wait_until(partial(answers, running, path, 503), path)
        for pat, answer in waiting:
            refused = running.post(pat, answer)
            assert refused.status == 503
            assert "did not reach your clinic" in document(refused)["safety"]["monitoring"]
    for pat, answer in waiting:
        wait_until(partial(answers, running, "/readyz", 200), "it is ready again")
        assert running.post(pat, answer).status == 201
        (alert,) = running.alerts(pat)
        running.wait_for_page(alert.id)
    saw(f"{times} x 503 with the card, probes 503; {times} x 201 and paged afterwards")


@pytest.mark.parametrize("part", ["API", "worker"])
def test_a_process_with_another_key_does_not_start_and_says_why(
    running: RunningService, part: str
) -> None:
    assert running.command("db", "upgrade").returncode == 0, "which writes the fingerprints"
    environ = {**running.environ(), "INTERLUDE_SECRET_KEY": OTHER_KEY}
    environ |= {"INTERLUDE_PORT": str(free_port())}
    settings = type(running.settings).from_environ(environ)
    worker = [str(BIN / "flask"), "--app", "wsgi", "alerts", "work"]
    ended = run({"API": serve_command(settings, 1), "worker": worker}[part], environ)
    assert "INTERLUDE_SECRET_KEY" in ended or "key" in ended
    assert "Traceback" not in ended
    pat = running.clinic().patient()
    assert running.post(pat, phq9(item9=2)).status == 201
    (alert,) = running.alerts(pat)
    running.wait_for_page(alert.id)


def answers(running: RunningService, path: str, status: int) -> bool:
    return running.send("GET", path, {}).status == status


def run(command: list[str], environ: Mapping[str, str]) -> str:
    """What a process says that ends by itself, in failure."""
    with subprocess.Popen(
        command, env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            printed, _ = process.communicate(timeout=UP_LIMIT_S)
        finally:
            process.kill()
    assert process.returncode != 0
    return printed


@pytest.mark.parametrize("fault", MAIL)
def test_a_page_gets_out_whatever_the_mail_server_says(
    running: RunningService, fault: str, times: int = 2
) -> None:
    clinic = running.clinic()
    kind, recipients = MAIL[fault]
    running.mail.fault, running.mail.faulty_recipients = kind, recipients
    pats = [clinic.patient() for _ in range(times)]
    for pat in pats:
        assert running.post(pat, phq9(item9=3)).status == 201
    wait_until(lambda: running.rows(TRIES, clinic.id)[0].n >= times, "each was tried")
    running.mail.fault = MailFault.NONE
    for pat in pats:
        (alert,) = running.alerts(pat)
        running.wait_for_page(alert.id)
    tried = running.rows(TRIES, clinic.id)[0].n
    saw(f"{fault}: {times} alerts paged, {tried} tries")


def post(wire: Wire, person: Person, body: Any, path: str = "/v1/check-ins") -> Reply:
    headers = {"Content-Type": "application/json", **person.headers}
    return wire.send("POST", path, headers, orjson.dumps(body))


def document(reply: Reply) -> Any:
    return reply.json()
