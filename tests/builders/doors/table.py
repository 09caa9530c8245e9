"""The table of statuses, as a file that a person reads: `who_may_what.txt`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.builders.doors.sides import ROLES

FILE: Final = Path(__file__).with_name("who_may_what.txt")
# Row, role: what is answered for one's own, a team-mate's and another clinic's; one where all are
# answered alike.
Table = Mapping[str, Mapping[str, Sequence[str]]]


def read_table() -> Table:
    """By row and role."""
    lines = [line for line in FILE.read_text().splitlines() if line and not line.startswith("#")]
    found = {}
    for line in lines:
        row, *cells = re.split(r" {2,}", line)
        assert len(cells) == len(ROLES), row
        found[row] = {role: cell.split("/") for role, cell in zip(ROLES, cells, strict=True)}
    assert len(found) == len(lines), "a row stands twice"
    return found


ROWS: Final = read_table()
