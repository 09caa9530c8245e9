"""Reports are made in a process of their own, and whatever becomes of it, the service goes on."""

from __future__ import annotations

import errno
import os
import pickle
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from flask import Flask
from loky.backend.process import LokyProcess

from api import report_process
from api.play.phones import Reply
from api.report_process import ReportProcess
from services import exceptions
from services.exceptions import Invalid, ServiceError, Unavailable
from tests.builders.entries import phq9
from tests.builders.world import Person
from tests.fixtures.running import RunningService, wait_until

PDF = {"Accept": "application/pdf"}


def page(running: RunningService, who: Person, of: Person, query: str = "") -> Reply:
    path = f"/v1/patients/{of.patient_id}/trend{query}"
    return running.send("GET", path, {**who.headers, **PDF})


def _no_memory(_process: LokyProcess) -> None:
    raise OSError(errno.ENOMEM, "no memory")


def report_processes() -> list[psutil.Process]:
    """Those of the API; this process may have one of its own."""
    own = psutil.Process()
    found = [one for one in own.children(recursive=True) if one.ppid() != own.pid]
    return [one for one in found if any("loky" in word for word in one.cmdline())]


def test_a_page_comes_from_another_process_and_after_its_end_from_the_next(
    running: RunningService,
) -> None:
    clinic = running.clinic()
    pat, staff = clinic.patient(), clinic.staff()
    assert running.post(pat, phq9()).status == 201
    made = page(running, staff, pat)
    assert (made.status, made.body[:5]) == (200, b"%PDF-")
    ended = report_processes()
    assert ended
    for one in ended:
        one.kill()
    wait_until(lambda: page(running, staff, pat).status == 200, "the next page")


def test_refusals_come_back_as_they_are(running: RunningService) -> None:
    clinic = running.clinic()
    pat, staff = clinic.patient(), clinic.staff()
    stranger = running.clinic().staff()
    assert page(running, stranger, pat).status == 404
    wrong = page(running, staff, pat, "?from=2026-02-02&to=2026-02-01")
    assert wrong.status == 422
    assert list(wrong.json()["errors"]) == ["from"]


def test_work_that_ends_its_process_or_never_ends_is_unavailable(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = ReportProcess(app.config["INTERLUDE"])
    assert apart.made(os.getpid) != os.getpid()
    with pytest.raises(Unavailable):
        apart.made(os._exit, 3)
    assert apart.made(abs, -3) == 3
    with monkeypatch.context() as patch:
        patch.setattr(report_process, "WITHIN_S", 0.2)
        with pytest.raises(Unavailable):
            apart.made(time.sleep, 600)
    assert apart.made(abs, -4) == 4


def test_whichever_thread_asks_there_is_one_process(app: Flask) -> None:
    apart = ReportProcess(app.config["INTERLUDE"])

    def asked() -> int:
        with ThreadPoolExecutor(1) as new_thread:
            return new_thread.submit(apart.made, os.getpid).result()

    assert len({asked() for _ in range(3)}) == 1


def test_a_process_that_died_while_nobody_asked_costs_no_report(app: Flask) -> None:
    apart, others = ReportProcess(app.config["INTERLUDE"]), set(threading.enumerate())
    os.kill(apart.made(os.getpid), signal.SIGKILL)
    for one in set(threading.enumerate()) - others:
        if one.name == "ExecutorManagerThread":
            one.join(10)  # it ends when it has noticed
    assert apart.made(abs, -3) == 3


def test_no_count_of_an_ended_process_is_left_to_scrapes(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert ReportProcess(app.config["INTERLUDE"]).made(abs, -3) == 3
    assert list(tmp_path.iterdir()) == []


def test_where_no_process_can_be_made_a_report_is_unavailable(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = ReportProcess(app.config["INTERLUDE"])
    with monkeypatch.context() as patch:
        patch.setattr(LokyProcess, "start", _no_memory)
        with pytest.raises(Unavailable):
            apart.made(abs, -3)
    assert apart.made(abs, -3) == 3


REFUSALS = [
    one
    for one in vars(exceptions).values()
    if isinstance(one, type) and issubclass(one, ServiceError) and not issubclass(one, Invalid)
]


@pytest.mark.parametrize("kind", REFUSALS)
def test_every_refusal_survives_the_way(kind: type[ServiceError]) -> None:
    sent = kind.__new__(kind)
    ServiceError.__init__(sent, "in words", more={"a": 1})
    came = pickle.loads(pickle.dumps(sent))  # noqa: S301 - what was written in the line itself
    assert (type(came), came.detail, came.extra) == (kind, "in words", {"more": {"a": 1}})
    assert str(came) == "in words"


def test_the_fields_that_are_wrong_survive_it() -> None:
    came = pickle.loads(pickle.dumps(Invalid({"from": ["No."]})))  # noqa: S301 - as above
    assert (came.errors, came.extra) == ({"from": ["No."]}, {"errors": {"from": ["No."]}})
