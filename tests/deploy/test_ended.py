"""How a backup, a rehearsal and the retention end is left for Prometheus; a failure also cries."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.deploy.ended import UNIT, end, word_left
from tests.deploy.reading import DEPLOY, values

BACKUP = "interlude-backup@full.service"
SUCCEEDED = f'interlude_unit_succeeded_timestamp_seconds{{unit="{BACKUP}"}} '
FAILED = f'interlude_unit_failed{{unit="{BACKUP}"}} '
# What runs by a timer; the auditor's failures are findings, which `/safetyz` tells.
BY_TIMER = {
    "interlude-backup@.service",
    "interlude-restore-drill.service",
    "interlude-retention.service",
    "interlude-sealer-copy.service",
}


def samples(files: dict[str, str]) -> list[str]:
    return [line for text in files.values() for line in text.splitlines() if line[0] != "#"]


def test_a_success_is_left_with_its_time(tmp_path: Path) -> None:
    began = int(time.time())
    failed, succeeded = samples(word_left(tmp_path, BACKUP, "success"))
    assert failed == FAILED + "0"
    assert began <= int(succeeded.removeprefix(SUCCEEDED)) <= time.time()


@pytest.mark.parametrize("result", ["exit-code", "timeout", "oom-kill", None])
def test_a_failure_cries_and_leaves_the_last_success(tmp_path: Path, result: str | None) -> None:
    before = samples(word_left(tmp_path, BACKUP, "success"))
    called = f"failed:{BACKUP}"
    assert end(tmp_path, called, result) == f"<1>{BACKUP} failed: {result or 'unknown'}\n"
    after = samples({path.name: path.read_text() for path in sorted(tmp_path.iterdir())})
    assert after == [FAILED + "1", before[1]]


def test_a_backup_that_is_another_nodes_is_no_failure_and_no_success(tmp_path: Path) -> None:
    end(tmp_path, f"failed:{BACKUP}", "exit-code")
    assert samples(word_left(tmp_path, BACKUP, "exec-condition")) == [FAILED + "0"]


def test_each_file_is_whole_and_whoever_asks_may_read_it(tmp_path: Path) -> None:
    word_left(tmp_path, BACKUP, "success")
    assert {path.suffix for path in tmp_path.iterdir()} == {".prom"}
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o644}


def test_what_runs_by_a_timer_leaves_word_either_way() -> None:
    """By two instances: one that both lines call is not told how the unit ended (systemd 252)."""
    well, badly = ["interlude-ended@%n.service"], ["interlude-ended@failed:%n.service"]
    leaving = {
        path.name
        for path in DEPLOY.rglob("*.service")
        if (values(path, "OnSuccess"), values(path, "OnFailure")) == (well, badly)
    }
    assert leaving == BY_TIMER


def test_this_unit_itself_calls_none() -> None:
    assert values(UNIT, "OnFailure") == values(UNIT, "OnSuccess") == [], "it would not end"
