"""The gate's look at what is installed: hashes, licences, a bill of materials equal to the lock.

python -m tools.supply.check
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from migrations.upgrade import PROJECT
from tools.supply.bill import bill
from tools.supply.licences import faults_of, unused_readings
from tools.supply.pins import (
    DEV,
    FILES,
    LOCAL,
    NOT_IN_PRODUCTION,
    OWNERS,
    RUN,
    key_of,
    names_of,
    read_file,
)


def lock_faults(folder: Path = PROJECT) -> Iterator[str]:
    """What is wrong with the three files, in words."""
    pins = {file: read_file(file, folder) for file in FILES.values()}
    for file in pins:
        if "://" in (folder / file).read_text():
            yield f"{file} names a registry"
        yield from (f"{file}: {pin.name} has no hash" for pin in pins[file] if not pin.hashes)
    local = {pin.key: pin for pin in pins[LOCAL]}
    if [pin.name for pin in pins[LOCAL][: len(OWNERS)]] != list(OWNERS):
        yield f"{LOCAL} does not begin with {', '.join(OWNERS)}"
    for pin in pins[RUN]:
        if pin.key in NOT_IN_PRODUCTION:
            yield f"{RUN}: {pin.name} is not for production"
        if (found := local.get(pin.key)) is None or found.version != pin.version:
            yield f"{RUN}: {pin.name} is not what {LOCAL} has"
    known = {"run": {pin.key for pin in pins[RUN]}, "local": set(local)}
    known["dev"] = known["local"] | {pin.key for pin in pins[DEV]}
    for group, keys in known.items():
        missing = {key_of(name) for name in names_of(group, folder)} - keys
        yield from (f"{FILES[group]} has no {name}: make lock" for name in sorted(missing))


def installed_faults(folder: Path = PROJECT) -> Iterator[str]:
    """What is wrong with what is installed, in words."""
    pins = read_file(LOCAL, folder) + read_file(DEV, folder)
    for pin in pins:
        yield from faults_of(pin)
    yield from (f"nobody installs {name} any more" for name in sorted(unused_readings(pins)))
    if (folder / "docs" / "sbom.json").read_text() != bill(read_file(RUN, folder)):
        yield "docs/sbom.json is not the lock's: python -m tools.supply.bill --write"


def main() -> int:
    """Print every fault; 1 when there is one."""
    faults = [*lock_faults()] or [*installed_faults()]
    sys.stdout.write("".join(f"{fault}\n" for fault in faults))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
