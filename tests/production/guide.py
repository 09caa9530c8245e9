"""The guide of `deploy/README.md`, followed command by command; then what it promises, tried.

The guide's own blocks are what runs, in their order; its units and configuration files are what is
started. What only root or a systemd of the machine could do is listed in `guided.machine`.
"""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import orjson

from tests.fixtures.logs import says_too_much
from tests.fixtures.running import wait_until
from tests.production.guided import answers, backups, key_loss, refusals, routing, upgraded
from tests.production.guided.following import a_guided_machine
from tests.production.guided.pages import GUIDE, blocks, with_values
from tests.production.guided.units import exposure, verified
from tests.production.packages import need
from tests.production.part import Part, Trial
from tests.proofs.seen import Seen, verdict

PACKAGES: Final = re.compile(r"apt-get install -y --no-install-recommends (.*)")
SENDER: Final = "interlude@hospital.test"
UP_LIMIT_S: Final = 90.0
OK_AT_MOST: Final = 5.0
ANY_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-")


def follow_the_guide(trial: Trial) -> Iterator[Seen]:
    """Every claim of the guide's."""
    yours, *others = blocks(GUIDE, until="Upgrades")
    (wanted,) = PACKAGES.findall(others[0])
    need(*wanted.split())
    with a_guided_machine(trial.folder) as guided:
        made, checked = "", list[str]()
        source = str(guided.machine.root / "source")
        mine = with_values(yours, SOURCE=source, MAIL=guided.mail.url, FROM=SENDER)
        began = time.monotonic()
        for number, block in enumerate(others, start=1):
            trial.tell(f"block {number} of {len(others)}: {block.splitlines()[-1][:60]}")
            if "clinic create" in block:
                wait_until(guided.is_safe, "/safetyz says that all is well", UP_LIMIT_S)
            guided.follow(mine + block)
            if "clinic create" in block:
                made, *checked = guided.output.splitlines()
        commands = sum(len(block.splitlines()) for block in others)
        checked = [line for line in checked if line[:5] in ("ok   ", "NO   ")]
        yield verdict(
            "the guide's commands lead from an empty machine to a clinic",
            f"{len(others)} blocks, {commands} lines",
            f"{time.monotonic() - began:.0f} s; `check`: {len(checked)} lines, all ok",
            [line for line in checked if not line.startswith("ok")] or ["nothing"] * (not checked),
        )
        yield units_are_hardened(guided.installed)
        # nginx is told France; `created` goes on with whoever came in.
        created = orjson.loads(made)
        for tried in (backups, answers, routing, refusals, upgraded, key_loss):
            trial.tell(tried.__name__.rpartition(".")[2])
            yield from as_far_as_it_goes(tried.tried(guided, created))
        yield logs_are_quiet(guided.machine.root)


def as_far_as_it_goes(found: Iterator[Seen]) -> Iterator[Seen]:
    """What was seen; whatever ends it early is a claim that does not hold."""
    try:
        yield from found
    except Exception as error:  # noqa: BLE001 -- what is tried next may still hold
        traceback.print_exc()
        words = str(error)[:200]
        yield Seen("this part of the guide can be tried", type(error).__name__, words, ok=False)


def logs_are_quiet(root: Path) -> Seen:
    """What every program wrote holds no patient's data; what stands in front, not even an id."""
    lines = {
        path: path.read_text(errors="replace").splitlines()
        for path in (root / "var").rglob("*.log")
    }
    problems = [
        f"{path.name}, line {number}"
        for path, written in lines.items()
        for number, line in enumerate(written, start=1)
        if says_too_much(line) or ("nginx" in str(path.parent) and ANY_ID.search(line))
    ]
    return verdict(
        "no log of any program of the machine holds patient data",
        f"{sum(map(len, lines.values()))} lines in {len(lines)} files",
        "none; and no id in those of nginx",
        problems,
    )


def units_are_hardened(folder: Path) -> Seen:
    """`systemd-analyze` has nothing against the installed units, and none is worse than OK."""
    names = sorted(path.name for path in folder.glob("interlude-*.*") if path.is_file())
    instances = [name.replace("@.", "@8001.") for name in names]
    complaints = verified(folder, instances).splitlines()
    services = [name for name in names if name.endswith(".service")]
    levels = {name: exposure(folder, name) for name in services}
    worse = [f"{name}: {level} {word}" for name, (level, word) in levels.items()
             if level >= OK_AT_MOST or word not in ("OK", "SAFE", "PERFECT")]  # fmt: skip
    highest = max(level for level, _ in levels.values())
    return verdict(
        "units are sound and hardened (systemd-analyze verify; security at most OK)",
        f"{len(names)} units",
        f"nothing against them; highest exposure {highest:g}",
        [*complaints, *worse],
    )


def parts() -> Sequence[Part]:
    """For the table of parts."""
    return [Part("guide", follow_the_guide)]
