"""README.txt of an export: what each file and each field is, and whom to call."""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from services.export.contents import Contents
from services.export.kinds import KINDS

# What a field means, by its name, where it means the same everywhere; else by `kind.name`.
FIELDS: Final[dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("fields.toml").read_text("utf-8")
)
WIDTH: Final = 96

HEAD: Final = """\
YOUR DATA AT {clinic}
Asked for at {requested_at:%Y-%m-%d %H:%M} UTC: what was stored by then is in here, and all
up to revision {revision} of your record. "You" is the patient.

data.json       everything, as one JSON object with a list for each kind
csv/<kind>.csv  the same lists as tables (UTF-8, comma). A text that begins with = + - or @ has an
                apostrophe before it, so that no spreadsheet runs it; lists are JSON in one cell
csv/people.csv     the members of staff whose ids stand in the other files
csv/questions.csv  every question, and what each answer to it means

Instants are in UTC (Z). Days are days of the wall calendar; a day begins at 04:00 for answers.
An empty cell: nothing is known. Versions are never overwritten: "superseded" ones were corrected.
"""
PATIENTS: Final = """
Not in here: who looked at your data, and what staff wrote among themselves about an alert. Ask your
clinic for both; it can show and export them.
"""
STAFFS: Final = """
For staff: this holds clinical content, and leaves the service's protection with this file. Who
looked at the patient is in the audit.
"""
HELP: Final = "IF YOU ARE IN DANGER, OR SOMEBODY ELSE IS"


def readme(contents: Contents) -> str:
    """The text, with CRLF at line ends: it opens in everything."""
    lines = [
        *HEAD.format(
            clinic=contents.clinic,
            requested_at=contents.requested_at,
            revision=contents.revision,
        ).splitlines(),
        *(STAFFS if contents.for_staff else PATIENTS).splitlines(),
        "",
        HELP,
        *_wrapped(str(contents.card["message"])),
        *(_way(one) for one in contents.card["resources"]),
        *_kinds(contents),
        "",
    ]
    return "\r\n".join(lines)


def _way(resource: dict[str, Any]) -> str:
    ways = [str(resource[name]) for name in ("phone", "text", "url") if resource.get(name)]
    return f"  {resource['name']}: {', '.join(ways)}"


def _kinds(contents: Contents) -> Iterator[str]:
    for kind in KINDS:
        yield from ("", f"{kind.name.upper()}: {kind.what}")
        for column in kind.columns(for_staff=contents.for_staff):
            yield from _wrapped(f"{column.name}: {meaning(kind.name, column.name)}", "  ")


def meaning(kind: str, name: str) -> str:
    """What a field is. Raises `KeyError` for one that nobody has explained."""
    return FIELDS.get(f"{kind}.{name}") or FIELDS[name]


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent + "    ") or [
        ""
    ]
