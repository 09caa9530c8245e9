"""What is deleted before a restore, to which instant it goes back, and what must hold after it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from tests.proofs.seen import Seen, verdict

# One second before the deed, as it was asked for.
EARLIER: Final = timedelta(seconds=1)
DEED: Final = b"DELETE FROM check_in_contents; DELETE FROM check_ins"
KNOWN: Final = "SELECT id FROM check_ins"
SEAL: Final = ("audit", "seal", "--once")


def whole_ms(instant: datetime) -> datetime:
    """As pgBackRest reads instants."""
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def as_written(instant: datetime) -> str:
    """As it is given to pgBackRest."""
    return instant.isoformat(sep=" ", timespec="milliseconds")


def is_verified(claim: str, unfinished: str, lines: str) -> Seen:
    """What `restore verify` said before `restore finish`, and after it."""
    looked = [line for line in lines.splitlines() if line[:5] in ("ok   ", "NO   ")]
    problems = [line for line in looked if line.startswith("NO")]
    if "NO   finish" not in unfinished:
        problems.append("a database that was not finished passed")
    chain = next((line for line in looked if " chain " in line), "no chain")
    if not chain.startswith("ok"):
        problems.append(chain)
    return verdict(claim, f"{len(looked)} lines", " ".join(chain.split()), problems)
