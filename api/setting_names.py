"""Which settings exist: a name that nobody reads is a slip that would be lost in silence."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

PREFIX: Final = "INTERLUDE_"
# A rollback starts with the settings of the version after it.
IGNORE: Final = "IGNORE_SETTINGS"
# What the gate and the proofs read, in the shell that may also start the service.
OF_THE_GATE: Final = frozenset({"NHANES", "PROVE", "TEST_DATABASE_ADMIN_URL"})


def unknown_names(given: Iterable[str], known: Collection[str], ignored: str) -> list[str]:
    """The given names, without the prefix, that nobody reads; `ignored` lists what may stand."""
    spared = {_bare(word) for word in ignored.replace(",", " ").split()}
    bare = {_bare(name) for name in given if name.startswith(PREFIX)}
    return sorted(bare - {*known, IGNORE, *OF_THE_GATE, *spared})


def in_words(unknown: list[str], known: Collection[str]) -> str:
    """What is wrong with the first of them, and what to do about all."""
    near = get_close_matches(unknown[0].upper(), [*known, IGNORE], 1)
    meant = f" (is it {PREFIX}{near[0]}?)" if near else ""
    more = "".join(f", nor is {PREFIX}{name}" for name in unknown[1:])
    way_out = f"{PREFIX}{IGNORE}={','.join(unknown)} starts all the same"
    return f"is no setting of this version{meant}{more}; {way_out}"


def _bare(name: str) -> str:
    return name.removeprefix(PREFIX)
