"""What Prometheus reads is the sum of all processes of the API."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from flask.testing import FlaskClient

from api.observability.metrics import DatabaseFigures, exposition
from services.operations.archive import WalArchive

PROJECT = Path(__file__).resolve().parents[3]
COUNT_IN_TWO_PROCESSES = """
import os, sys
from api.observability.metrics import REQUESTS, DatabaseFigures, exposition
if os.fork() == 0:
    REQUESTS.labels("/healthz", "GET", "200").inc(2)
    os._exit(0)
os.wait()
REQUESTS.labels("/healthz", "GET", "200").inc(3)
sys.stdout.buffer.write(exposition(DatabaseFigures()))
"""


def archive_lines(archived: WalArchive) -> list[str]:
    lines = exposition(DatabaseFigures(archived=archived)).decode().splitlines()
    return [line.partition("archive_")[2] for line in lines if line.startswith("interlude_archive")]


def test_metrics_show_an_archive_and_that_there_is_none(client: FlaskClient) -> None:
    assert archive_lines(WalArchive(is_on=True, is_failing=True, age_s=7.5)) == [
        "on 1.0",
        "failing 1.0",
        "age_seconds 7.5",
    ]
    assert archive_lines(WalArchive(is_on=False, is_failing=False, age_s=7.5)) == ["on 0.0"]
    assert "interlude_archive_on 0.0" in client.get("/metrics").text.splitlines(), "as tests run"


def test_a_scrape_adds_up_all_processes(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNT_IN_TWO_PROCESSES],
        cwd=PROJECT,
        env={"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    line = 'interlude_http_requests_total{method="GET",route="/healthz",status="200"} 5.0'
    assert line in done.stdout.splitlines()
    assert "interlude_database_up 0.0" in done.stdout.splitlines()
