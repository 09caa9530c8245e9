"""What differs between two data cuts of one report, and the entries that made the difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from services.rules.trend.document import NOT_CONTENT

ChangedKind = Literal[
    "check_in",
    "side_effects",
    "course",
    "session",
    "alert",
    "pause",
    "discharge",
    "time_zone",
    "indications",
]
ChangeKind = Literal["added", "changed", "removed"]

# Rows of these lists are the same row when they agree in this field.
ROW_KEYS: Mapping[str, str] = {
    "series": "mood_day",
    "sessions": "id",
    "side_effects": "session_id",
    "alerts": "id",
    "relapses": "on",
}


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """The version of an entry that counted at a cut, and the revision that it counts from.

    `id` is that of the form, course or session, whatever its version. `counts` is false for one
    that was taken back (a voided form, a cancelled session); a form without an answer is one too.
    """

    kind: ChangedKind
    id: str
    version: int
    revision: int
    counts: bool = True


@dataclass(frozen=True, slots=True)
class EntryChange:
    """An entry that one of the cuts knows and the other does not, or in another version."""

    kind: ChangedKind
    id: str
    change: ChangeKind
    version: int
    revision: int


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that differs, as a path (`current.value`, `series[2026-03-01].value`); None where a
    report does not have it.
    """

    path: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class ReportDifference:
    """`fields` in the order of their paths, `entries` in the order in which they came to count."""

    fields: tuple[FieldChange, ...]
    entries: tuple[EntryChange, ...]


def differences(
    before: Mapping[str, object],
    after: Mapping[str, object],
    known_before: Iterable[KnownEntry],
    known_after: Iterable[KnownEntry],
) -> ReportDifference:
    """Return what differs between two reports (trend JSON) and between what they rest on.

    Nothing is said of when they were made. The same two cuts the other way round give the same
    fields and entries with before and after exchanged.
    """
    old, new = dict(_leaves(before)), dict(_leaves(after))
    fields = tuple(
        FieldChange(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    )
    return ReportDifference(fields, _entries(known_before, known_after))


def _entries(
    known_before: Iterable[KnownEntry], known_after: Iterable[KnownEntry]
) -> tuple[EntryChange, ...]:
    before = {(one.kind, one.id): one for one in known_before}
    after = {(one.kind, one.id): one for one in known_after}
    found = []
    for key in before.keys() | after.keys():
        old, new = before.get(key), after.get(key)
        change = _change(old, new)
        telling = new or old
        if change is not None and telling is not None:
            found.append(
                EntryChange(telling.kind, telling.id, change, telling.version, telling.revision)
            )
    return tuple(sorted(found, key=lambda one: (one.revision, one.kind, one.id)))


def _change(old: KnownEntry | None, new: KnownEntry | None) -> ChangeKind | None:
    if old == new:
        return None
    counted, counts = old is not None and old.counts, new is not None and new.counts
    if counted == counts:
        return "changed" if counted else _change_of_traces(old, new)
    return "added" if counts else "removed"


def _change_of_traces(old: KnownEntry | None, new: KnownEntry | None) -> ChangeKind | None:
    """What was taken back before both cuts leaves nothing, but a form keeps its day and item 9."""
    left, leaves = (one is not None and one.kind == "check_in" for one in (old, new))
    if left and leaves:
        return "changed"
    if leaves:
        return "added"
    return "removed" if left else None


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value that is no table, with its path; nothing of a report that has not the field."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if path or name not in NOT_CONTENT:
                yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and path in ROW_KEYS:
        for row in value:
            yield from _leaves(row, f"{path}[{row[ROW_KEYS[path]]}]")
    else:
        yield path, value
