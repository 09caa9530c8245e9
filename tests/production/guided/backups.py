"""Backup as the guide sets it up: it is rehearsed, and what the sealer keeps leaves the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.fixtures.running import wait_until
from tests.production.guided.following import GuidedMachine
from tests.proofs.seen import Seen, verdict

COPY: Final = "interlude-sealer-copy.service"
DRILL: Final = "interlude-restore-drill.service"
FOLDER: Final = "interlude-sealer"
# All but the private half of its key.
LEAVES: Final = {"audit_checkpoint", "audit_endings", "audit_key.pub"}


def tried(guided: GuidedMachine, _created: dict[str, Any]) -> Iterator[Seen]:
    """What the guide's last block promises."""
    yield _rehearsed(guided)
    yield _copied(guided)


def _rehearsed(guided: GuidedMachine) -> Seen:
    """By its unit: it ended well, else the guide could not have been followed."""
    lines = (guided.machine.root / "var/log" / f"{DRILL}.log").read_text().splitlines()
    shown = [" ".join(line.split()) for line in lines if line.startswith(("lost ", "in all "))]
    refused = [line for line in lines if line.startswith("NO ")]
    return verdict(
        "backup by the guide's units; the newest comes back beside the real database",
        "1 full backup, 1 rehearsal",
        "; ".join(shown),
        refused + ["it tells neither what is lost nor how long it took"] * (len(shown) != 2),
    )


def _copied(guided: GuidedMachine) -> Seen:
    """A copy without the key, whole at any time; a place that is not there is a failure."""
    kept = guided.machine.root / "var/lib" / FOLDER
    place = guided.machine.root / "mnt/elsewhere" / FOLDER

    def is_copied() -> bool:
        return guided.units.run(COPY) == 0 and _contents(_only(place)) == _contents(kept) != {}

    wait_until(is_copied, "what the sealer keeps is elsewhere", 30.0)
    found = {path.name for path in _only(place).iterdir()}
    disk = place.rename(place.with_name("unmounted"))
    missing_code, is_made = guided.units.run(COPY), place.exists()
    disk.rename(place)
    problems = [f"{name} is not there" for name in sorted(LEAVES - found)]
    problems += [f"{name} has left" for name in sorted(found - LEAVES)]
    if not missing_code or is_made:
        problems.append("it does not say that the place is missing")
    return verdict(
        "what the sealer keeps leaves the machine, but for its key",
        f"{len(found)} files, in a folder of this machine's own",
        f"the same bytes; ended with {missing_code} while the disk was not there",
        problems,
    )


def _only(place: Path) -> Path:
    """The folder of this machine."""
    (folder,) = place.iterdir()
    return folder


def _contents(folder: Path) -> dict[str, bytes]:
    return {name: path.read_bytes() for name in LEAVES if (path := folder / name).exists()}
