"""No patient data in any line that the whole run of the proofs wrote."""

from __future__ import annotations

from pathlib import Path

from tests.fixtures.logs import says_too_much
from tests.proofs.seen import Seen, verdict


def quiet_logs(log: Path) -> Seen:
    """Every line of every process of the run, with the eyes of the gate's own watch."""
    lines = log.read_text(errors="replace").splitlines()
    leaks = [number for number, line in enumerate(lines, start=1) if says_too_much(line)]
    problems = [f"line {number} of the log holds patient data" for number in leaks]
    claim = "no answer, name, e-mail or note in any log line of this run"
    return verdict(claim, f"{len(lines)} lines", "none", problems)
