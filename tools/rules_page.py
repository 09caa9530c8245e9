"""Print the rules and every clinical value as one page: `python -m tools.rules_page [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from services.rules.catalogue import CATALOGUE, NBSP, Rule
from services.rules.sources import Value, all_values

PAGE: Final = Path(__file__).parent.parent / "docs" / "rules.md"
# The rules' own file is the first table.
CATALOGUE_FILE: Final = "catalogue.toml"
# Longer texts of a row (questions, explanations) are read in the file itself.
LONGEST: Final = 80
HEAD: Final = """\
# The rules

Printed from `services/rules/data` by `python -m tools.rules_page`; `make test` checks that it is
what the service decides with. `docs/clinical.md` says why, and 5.1 in which cases exactly a rule
fires.

Tiers: **critical** and **high** page somebody, **medium** stands in the worklist and in one mail
the next working morning, **low** in the worklist only. Basis: **published** in the source named,
**proposed** by this project, or **from memory** and still to be verified.
"""


def page() -> str:
    """Return the page as Markdown."""
    values = [value for value in all_values() if value.file != CATALOGUE_FILE]
    used = _users()
    numbers = [value for value in values if value.unit]
    of_rules = {value.file for value in numbers if (value.file, value.path) in used}
    parts = (
        *_rules(),
        "## Numbers of the rules",
        *_numbers((value for value in numbers if value.file in of_rules), used),
        "## Numbers of reports, schedule and escalation",
        *_numbers((value for value in numbers if value.file not in of_rules), used),
        *_rows(value for value in values if not value.unit),
    )
    return "\n".join([HEAD, *parts])


def _rules() -> Iterator[str]:
    yield "## What fires, and how urgent it is"
    yield from _table(
        (
            "rule",
            "says",
            "tier",
            "pages besides the chain",
            "fires again",
            "looks at",
            "source",
            "basis",
        ),
        (
            (
                rule.id,
                rule.words.replace(NBSP, " "),
                ", ".join(tier.word for tier in rule.tiers) or "none: recorded only",
                rule.besides,
                _again(rule),
                ", ".join(rule.looks_at).replace("_", " "),
                rule.source,
                rule.basis,
            )
            for rule in CATALOGUE.values()
        ),
    )


def _again(rule: Rule) -> str:
    """How a rule repeats, with the days of its own file."""
    days = [one.value for one in rule.values() if one.path.endswith(".repeat_after_days")]
    return rule.repeats.value.format(days=next(iter(days), ""))


def _users() -> dict[tuple[str, str], list[str]]:
    """The rules that rest on each value."""
    used: dict[tuple[str, str], list[str]] = {}
    for rule in CATALOGUE.values():
        for value in rule.values():
            used.setdefault((value.file, value.path), []).append(rule.id)
    return used


def _numbers(
    values: Iterable[Value], used: Mapping[tuple[str, str], Sequence[str]]
) -> Iterator[str]:
    for file, found in groupby(values, key=lambda value: value.file):
        yield f"### `{file}`"
        yield from _table(
            ("number", "value", "unit", "basis", "source", "rules"),
            (
                (
                    value.path,
                    _plain(value.value),
                    value.unit,
                    value.basis,
                    value.source,
                    ", ".join(used.get((file, value.path), ())),
                )
                for value in found
            ),
        )


def _rows(values: Iterable[Value]) -> Iterator[str]:
    yield "## Lists, instruments and texts"
    yield from _table(
        ("file", "row", "what", "basis", "source"),
        (
            (value.file, value.path, _plain(value.value), value.basis, value.source)
            for value in values
        ),
    )


def _plain(value: object) -> str:
    """A value as one short text; long texts of a row are left out."""
    if isinstance(value, Mapping):
        parts = (f"{name.replace('_', ' ')} {_plain(one)}" for name, one in value.items())
        return ", ".join(part for part in parts if len(part) <= LONGEST)
    if isinstance(value, list):
        return " ".join(map(_plain, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield _line(head)
    yield _line(("---",) * len(head))
    yield from map(_line, rows)
    yield ""


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` say whether it is stale."""
    if "--check" not in arguments:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == page():
        return 0
    sys.stderr.write(f"{PAGE.name} is stale: run `python -m tools.rules_page`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
