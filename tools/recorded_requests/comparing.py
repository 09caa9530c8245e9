"""What differs between two records. The same change in many answers is one group, and of a long
text only the words that changed are shown.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

Step = dict[str, Any]
LABEL: Final = re.compile(r"<[^<>]*>")
WORD: Final = re.compile(r"\w+|\s+|[^\w\s]")
# What a row of a table is about.
IDENTITY: Final = ("action", "alert_id", "at", "channel", "created_at", "entry_id", "kind", "rule")
SHOWN_PAIRS: Final = 6
SHOWN_PLACES: Final = 3
CONTEXT: Final = 6
LONGEST: Final = 400


@dataclass(frozen=True)
class Difference:
    """One change; ``place`` is the step, ``path`` where in it (``body.items[].id``)."""

    place: str
    path: str
    change: str


def differences(before: Sequence[Step], after: Sequence[Step]) -> list[Difference]:
    """All differences, in the order of the steps. A step is known by its hour, who, and what: one
    that is new moves those after it by a second.
    """
    old, new = keyed(before), keyed(after)
    found = [Difference(key, "step", "only before") for key in old if key not in new]
    found += [Difference(key, "step", "only after") for key in new if key not in old]
    for key, step in old.items():
        if key in new and new[key] != step:
            same_time = {**step, "at": new[key]["at"]}
            found += [Difference(key, *one) for one in changes(same_time, new[key], "")]
    return found


def keyed(steps: Sequence[Step]) -> dict[str, Step]:
    """Each step by its name."""
    times: Counter[str] = Counter()
    found = {}
    for step in steps:
        name = f"{step['at'][:13]}h {step['who']}: {step['what']}"
        times[name] += 1
        found[f"{name} ({times[name]})" if times[name] > 1 else name] = step
    return found


def changes(old: Any, new: Any, path: str) -> Iterator[tuple[str, str]]:
    """Path and change of each leaf that differs."""
    if old == new:
        return
    old, new = parsed(old), parsed(new)
    if old == new:
        yield path, "the same content in another order of keys or with other white space"
    elif isinstance(old, dict) and isinstance(new, dict):
        for name in {**old, **new}:
            yield from members(old, new, name, f"{path}.{name}".lstrip("."))
    elif isinstance(old, list) and isinstance(new, list):
        yield from (rows if path == "rows" else elements)(old, new, f"{path}[]")
    elif isinstance(old, str) and isinstance(new, str):
        yield from texts(old, new, path)
    else:
        yield path, f"- {short(old)}\n+ {short(new)}"


def members(
    old: dict[str, Any], new: dict[str, Any], name: str, path: str
) -> Iterator[tuple[str, str]]:
    """The same of one field."""
    if name not in new:
        yield path, f"gone, was {short(old[name])}"
    elif name not in old:
        yield path, f"new: {short(new[name])}"
    else:
        yield from changes(old[name], new[name], path)


def elements(old: list[Any], new: list[Any], path: str) -> Iterator[tuple[str, str]]:
    """The same of lists: what only moved its place is found again."""
    shown_old, shown_new = ([json.dumps(one) for one in some] for some in (old, new))
    matcher = SequenceMatcher(None, shown_old, shown_new, autojunk=False)
    for kind, first, last, new_first, new_last in matcher.get_opcodes():
        if kind == "equal":
            continue
        gone, come = old[first:last], new[new_first:new_last]
        if len(gone) == len(come):
            for one, other in zip(gone, come, strict=True):
                yield from changes(one, other, path)
            continue
        for one in gone:
            yield path, f"- {short(one)}"
        for other in come:
            yield path, f"+ {short(other)}"


def rows(old: list[str], new: list[str], path: str) -> Iterator[tuple[str, str]]:
    """The same of a table: columns that came or went once, then the rows by what they are about."""
    before, after = ([json.loads(one) for one in some] for some in (old, new))
    columns, new_columns = (set().union(*some) for some in (before, after))
    for column in sorted(columns ^ new_columns):
        yield f"{path}.{column}", "column gone" if column in columns else "new column"
    shared = sorted(columns & new_columns)
    groups: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for side, some in enumerate((before, after)):
        for row in some:
            about = "/".join(str(row.get(column)) for column in shared if column in IDENTITY)
            groups[about][side].append(json.dumps({column: row.get(column) for column in shared}))
    for gone, come in groups.values():
        yield from elements(sorted(gone), sorted(come), path)


def texts(old: str, new: str, path: str) -> Iterator[tuple[str, str]]:
    """The same of texts: line by line, and of two lines the words."""
    lines, new_lines = old.splitlines(), new.splitlines()
    if len(lines) > 1 or len(new_lines) > 1:
        yield from elements(list(lines), list(new_lines), f"{path} line")
    else:
        yield path, words(old, new)


def words(old: str, new: str) -> str:
    """Two lines as one, with ``[-what went-]`` and ``{+what came+}``, and little around it."""
    before, after = WORD.findall(old), WORD.findall(new)
    shown: list[str] = []
    for kind, first, last, new_first, new_last in SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        gone, come = "".join(before[first:last]), "".join(after[new_first:new_last])
        if kind != "equal":
            shown += [f"[-{gone}-]" if gone else "", f"{{+{come}+}}" if come else ""]
        elif last - first > 2 * CONTEXT:
            head, tail = before[first : first + CONTEXT], before[last - CONTEXT : last]
            shown.append(f"{''.join(head) if shown else ''} … {''.join(tail)}")
        else:
            shown.append(gone)
    text = "".join(shown)
    return text if len(text) <= LONGEST else f"- {short(old)}\n+ {short(new)}"


def parsed(value: Any) -> Any:
    """A JSON document in a text as what it says."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def short(value: Any) -> str:
    """A value on one line, cut."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} … ({len(text)} characters)"


def shown(found: Sequence[Difference]) -> str:
    """The groups, the most frequent first, each with a few of its places."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in found:
        groups[f"{route(one.place)}: {one.path}" if one.path != "step" else "steps"][
            one.change
        ].append(one.place)
    by_change: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, pairs in groups.items():
        by_change[tuple(pairs)].append(name)
    lines = [f"{len(found)} differences in {len(by_change)} groups", ""]
    for changed, names in sorted(by_change.items(), key=lambda pair: -len(pair[1])):
        lines += sorted(names)
        for change in changed[:SHOWN_PAIRS]:
            places = [place for name in names for place in groups[name][change]]
            lines += [f"    {line}" for line in change.splitlines()]
            lines += [f"        at {place}" for place in places[:SHOWN_PLACES]]
            more = len(places) - SHOWN_PLACES
            lines += [f"        … and {more} more"] if more > 0 else []
        left = len(changed) - SHOWN_PAIRS
        lines += [f"    … and {left} other changes here", ""] if left > 0 else [""]
    return "\n".join(lines) + "\n"


def route(place: str) -> str:
    """Method and address of a step without its ids and its query."""
    what = place.partition(": ")[2]
    plain = LABEL.sub("{id}", what)
    return re.sub(r"(\?\S*)|( \(\d+\)$)", "", plain)
