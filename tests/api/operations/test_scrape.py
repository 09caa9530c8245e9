"""What Prometheus reads is the sum of all processes of the API."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
