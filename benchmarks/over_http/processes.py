"""CPU of processes with all that they started, from /proc: seconds, user and system."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
PROC: Final = Path("/proc")


def fields_of(stat: str) -> list[str]:
    """The fields after the name, which may hold spaces and brackets: state, parent, ..."""
    return stat[stat.rindex(")") + 2 :].split()


def cpu_of(stat: str, *, with_ended: bool = True) -> float:
    """Seconds of one process; `with_ended`: and of its children that have ended."""
    found = fields_of(stat)
    return TICK_S * sum(int(one) for one in found[11 : 15 if with_ended else 13])


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = defaultdict(list)
    for number, stat in _stats(int(one.name) for one in PROC.iterdir() if one.name.isdecimal()):
        children[int(fields_of(stat)[1])].append(number)
    found = [root]
    for one in found:
        found += children[one]
    return found


def cpu(numbers: Iterable[int]) -> float:
    """Seconds that these have used so far."""
    return sum(cpu_of(stat) for _, stat in _stats(numbers))


def cpu_of_first_threads(numbers: Iterable[int]) -> float:
    """Seconds of the thread with which each of these began: there its event loop runs."""
    found = 0.0
    for number in numbers:
        with suppress(OSError):
            stat = (PROC / str(number) / "task" / str(number) / "stat").read_text()
            found += cpu_of(stat, with_ended=False)
    return found


def words_of(number: int) -> str:
    """The command of a process; empty when it has gone."""
    with suppress(OSError):
        return (PROC / str(number) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def kilobytes(numbers: Iterable[int]) -> int:
    """Memory of these: what they share counts once (PSS)."""
    found = 0
    for number in numbers:
        with suppress(OSError):
            for line in (PROC / str(number) / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    found += int(line.split()[1])
    return found


def _stats(numbers: Iterable[int]) -> Iterator[tuple[int, str]]:
    for number in numbers:
        with suppress(OSError):
            yield number, (PROC / str(number) / "stat").read_text()
