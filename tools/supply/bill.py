"""`docs/sbom.json`: the bill of materials of what production installs, as CycloneDX 1.6.

python -m tools.supply.bill --write
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from migrations.upgrade import PROJECT
from tools.supply.licences import licence_of
from tools.supply.pins import RUN, Pin, read_file

FILE: Final = PROJECT / "docs" / "sbom.json"


def bill(pins: Sequence[Pin]) -> str:
    """The document; the same pins give the same bytes."""
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "interlude"}},
        "components": [_component(pin) for pin in sorted(pins, key=lambda pin: pin.key)],
    }
    return json.dumps(document, indent=1) + "\n"


def _component(pin: Pin) -> dict[str, Any]:
    url = f"pkg:pypi/{pin.key}@{pin.version}"
    return {
        "type": "library",
        "bom-ref": url,
        "name": pin.name,
        "version": pin.version,
        "purl": url,
        "licenses": [{"expression": licence_of(pin)}],
    }


def main(file: Path = FILE) -> None:
    """Write it."""
    argparse.ArgumentParser(description=__doc__).add_argument("--write", action="store_true")
    file.write_text(bill(read_file(RUN)))


if __name__ == "__main__":
    main()
