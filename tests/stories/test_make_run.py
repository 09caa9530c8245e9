"""`make run`: one command brings everything up, and nothing stays behind when it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

PROJECT = Path(__file__).resolve().parents[2]
UP_LIMIT_S = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Run:
    """A supervisor with its data and its port."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.port, self.data_dir = port, data_dir
        kept = {name: value for name, value in os.environ.items() if "INTERLUDE_" not in name}
        self.environ = {
            **kept,
            "INTERLUDE_DATA_DIR": str(data_dir),
            "INTERLUDE_PORT": str(port),
            "INTERLUDE_DEMO": "0",
            "INTERLUDE_API_PROCESSES": "1",
        }
        self.log = data_dir.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        with (
            self.log.open("ab") as log,
            subprocess.Popen(
                [sys.executable, "-m", "tools.supervisor"],
                cwd=PROJECT,
                env=self.environ,
                stdout=log,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.terminate()
                process.wait(60)

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + UP_LIMIT_S
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2):
                    return
            except OSError:
                os.sched_yield()
        raise AssertionError(self.log.read_text())

    def postmaster(self) -> psutil.Process:
        return psutil.Process(
            int((self.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
        )


def process_owner() -> str:
    return psutil.Process().username()


def kind_of(child: psutil.Process) -> str:
    return next((word for word in child.cmdline() if word in ("reminders", "work", "seal")), "API")


def urls_of(child: psutil.Process) -> set[str]:
    return {name for name in child.environ() if name.endswith("DATABASE_URL")}


@pytest.fixture
def run(data_folder: Path) -> Run:
    return Run(data_folder / "data", free_port())


def test_it_comes_up_stops_cleanly_and_starts_again_with_its_data(run: Run):
    with run.running() as process:
        run.wait_until_up()
        children = psutil.Process(process.pid).children(recursive=True)
        everything = [*children, run.postmaster()]
        owners = {"interlude" if "work as 'interlude'" in run.log.read_text() else process_owner()}
        # The key that seals the audit is out of the API's reach.
        lowered = [child for child in children if kind_of(child) != "seal"]
        assert {child.username() for child in lowered} == owners
        assert {kind_of(child): urls_of(child) for child in children} == {
            "API": {"INTERLUDE_DATABASE_URL"},
            "reminders": {"INTERLUDE_DATABASE_URL"},
            "work": {"INTERLUDE_WORKER_DATABASE_URL"},
            "seal": {"INTERLUDE_SEALER_DATABASE_URL"},
        }
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, run.log.read_text()
    gone, alive = psutil.wait_procs(everything, 20)
    assert alive == []
    assert len(gone) >= 3
    key = (run.data_dir / "secret_key").read_text()
    with run.running() as process:
        run.wait_until_up()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert (run.data_dir / "secret_key").read_text() == key
    assert "making a new database" not in run.log.read_text().split("stopped; the data stays")[1]


def test_a_taken_port_and_a_second_run_are_refused_in_words(run: Run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", run.port))
        taken.listen()
        with run.running() as process:
            assert process.wait(60) == 2
    assert "INTERLUDE_PORT" in run.log.read_text()
    assert not (run.data_dir / "postgres").exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"DATABASE_URL": "postgresql://app@127.0.0.1:1/x", "DEMO": "1"}, "INTERLUDE_DEMO=1 does"),
        ({"SMPT_URL": "smtp://mail"}, "INTERLUDE_SMPT_URL is no setting"),
    ],
)
def test_what_must_not_be_is_refused_before_anything_is_made(
    run: Run, settings: dict[str, str], words: str
):
    run.environ |= {f"INTERLUDE_{name}": value for name, value in settings.items()}
    with run.running() as process:
        assert process.wait(60) == 2
    assert f"cannot start: {words}" in run.log.read_text().replace("\n", " ")
    assert not (run.data_dir / "postgres").exists()


def test_a_weak_secret_stops_the_start_by_name(run: Run):
    run.environ["INTERLUDE_SECRET_KEY"] = "short"
    with run.running() as process:
        assert process.wait(60) == 2
    assert "INTERLUDE_SECRET_KEY is weak" in run.log.read_text()
    assert "short" not in run.log.read_text()
