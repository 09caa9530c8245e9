"""The watch over log lines sees what it must see; otherwise its silence would say nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.logs import MARK, PHONE_MARK, says_too_much

PROJECT = Path(__file__).resolve().parents[2]

SILENT = """
def test_that_says_nothing():
    pass
"""
ON_STANDARD_ERROR = f"""
import sys
def test_that_prints():
    print("hello {MARK.upper()}", file=sys.stderr)
"""
BY_LOGGING = f"""
import logging
def test_that_logs():
    logging.getLogger("a.library").warning("sent to %s", "{MARK}@example.org")
"""
IN_ANOTHER_PROCESS = """
import subprocess, sys
def test_that_starts_a_server():
    subprocess.run([sys.executable, "-c", "print({'q9': 3})"], check=True)
"""
BEFORE_THE_TEST = f"""
import os, pytest
@pytest.fixture
def noisy():
    os.write(2, b"call {PHONE_MARK}\\n")
    yield
def test_with_a_noisy_fixture(noisy):
    pass
"""


def run(folder: Path, test: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-p", "tests.fixtures.logs", "-c", "/dev/null"]
    arguments = ["-p", "no:cacheprovider", f"--rootdir={folder}", *options, str(folder)]
    return subprocess.run(
        [*command, *arguments],
        cwd=PROJECT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_run_without_patient_data_passes(tmp_path: Path) -> None:
    assert run(tmp_path, SILENT).returncode == 0


@pytest.mark.parametrize(
    "test", [ON_STANDARD_ERROR, BY_LOGGING, IN_ANOTHER_PROCESS, BEFORE_THE_TEST]
)
def test_one_line_with_patient_data_fails_the_whole_run(tmp_path: Path, test: str) -> None:
    done = run(tmp_path, test)
    assert done.returncode == 1
    assert "1 passed" in done.stdout
    assert "patient data in log lines" in done.stdout


def test_workers_of_a_parallel_run_are_watched_too(tmp_path: Path) -> None:
    done = run(tmp_path, ON_STANDARD_ERROR, "-p", "xdist", "-n", "1")
    assert done.returncode == 1
    assert "1 passed" in done.stdout


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "request", "body": "{\\"q9\\": 3}"}',
        "{'answers': {'q1': 0}}",
        "GET /v1/check-ins?q9=2",
        f"Dear {MARK.title()}",
    ],
)
def test_a_line_that_says_too_much_is_recognised(line: str) -> None:
    assert says_too_much(line)


def test_an_ordinary_request_line_says_nothing() -> None:
    line = '{"method": "POST", "route": "/v1/check-ins", "status": 201, "ms": 9.1}'
    assert not says_too_much(line)
