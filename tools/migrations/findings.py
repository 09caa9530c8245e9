"""What a migration must not do to a clinic that is at work, each with what to do instead."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from migrations.short_waits import IN_NOBODYS_WAY
from tools.migrations.database import InUse
from tools.migrations.watched import Effects

# A new table points at a few; whoever wants more at once waits for all of them.
MOST_STOPPED: Final = 5
# What a rehearsal gives each transaction: it also looks what every statement does.
REHEARSED_WITHIN_S: Final = 30.0
SOME_PAGES: Final = re.compile(r"\bctid\b", re.IGNORECASE)
AGAIN: Final = "cannot be begun again after it was broken off ({}): only steps of migrations.in_use"


def effect_findings(one: Effects) -> Iterator[str]:
    """What one statement does that others would wait for."""
    if one.rewritten:
        yield f"writes all of {_names(one.rewritten)} anew: add a column, and `backfill` it"
    elif one.read_whole and one.stopped:
        yield (
            f"reads all of {_names(one.read_whole)} while nobody can write to"
            f" {_names(one.stopped)}: `add_index`, `add_check`, `add_reference`, `require`"
        )
    if one.unseen:
        yield f"takes the rows of {_names(one.unseen)} on trust, unseen: `add_reference`"
    if one.changed - one.stopped and not (one.apart and SOME_PAGES.search(one.statement)):
        yield f"changes the rows of {_names(one.changed)} in one go: `backfill`"
    if len(one.stopped) > MOST_STOPPED:
        yield f"holds {len(one.stopped)} tables at once: `add_tables` touches its own alone"
    waits_long = not 0 < one.lock_timeout_ms <= 1000 * REHEARSED_WITHIN_S
    if one.stopped and waits_long and not IN_NOBODYS_WAY.search(one.statement):
        yield "waits for a table without a lock_timeout, and everybody else behind it"


def outcome_findings(before: InUse, after: InUse, contracts: Mapping[str, str]) -> Iterator[str]:
    """What an earlier version finds gone, or cannot know of, and no earlier release gave up."""
    given_up = set(contracts)
    gone = _gone_columns(before, after) | (before.names - after.names)
    gone |= {one for one in before.others - after.others if not gone & {*_places(one)}}
    for what in sorted(gone - given_up):
        yield f"{what} is gone, and the release before this may use it: `contracts`"
    for column, demanded in sorted(after.columns.items()):
        is_old_table = column.partition(".")[0] in before.names
        if is_old_table and demanded and not before.columns.get(column) and column not in given_up:
            yield f"{column} must be written, and the release before this may not: `contracts`"


def contract_findings(contracts: Mapping[str, str], earlier: Collection[str]) -> Iterator[str]:
    """What is given up since a migration that is not an earlier one."""
    for what, since in contracts.items():
        if since not in earlier:
            yield f"{what}: {since} is no earlier migration"


def _gone_columns(before: InUse, after: InUse) -> set[str]:
    """Those of tables that are still there."""
    return {c for c in before.columns if c not in after.columns and c.split(".")[0] in after.names}


def _places(what: str) -> Iterator[str]:
    """`table.column` and `table` of `select on table.column by role`."""
    place = what.partition(" on ")[2].partition(" ")[0]
    yield from (place, place.partition(".")[0])


def _names(tables: Collection[str]) -> str:
    return ", ".join(sorted(tables))
