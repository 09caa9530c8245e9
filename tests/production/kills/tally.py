"""What all runs of this proof have come to, summed: `var/production/kills.json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson

TALLY: Final = Path("var/production/kills.json")


def add(counted: Mapping[str, int], file: Path = TALLY) -> Counter[str]:
    """Add a run, and return the sum of all so far."""
    summed = Counter[str](orjson.loads(file.read_bytes()) if file.exists() else {})
    summed.update(counted)
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_suffix(".new")
    written.write_bytes(orjson.dumps(summed, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2))
    written.rename(file)
    return summed
