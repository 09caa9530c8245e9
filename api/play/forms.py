"""A file of PHQ-9 forms: CSV with `seqn` (who) and `q1` … `q10`, coded as in NHANES DPQ.

0-3 are the answers of the form. 7 (refused) and 9 (do not know) become `declined`; an empty cell
was not asked and is left out. Source: NHANES 2013-2014, Mental Health - Depression Screener
(DPQ_H), codebook. Other columns are ignored.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SCORED: Final = tuple(f"q{number}" for number in range(1, 10))
LINKS: Final = (*SCORED, "q10")
CODES: Final[Mapping[str, int | str]] = {
    **{str(value): value for value in range(4)},
    "7": "declined",
    "9": "declined",
}


class FormsError(ValueError):
    """The file is not such a list of forms; the message names line and column."""


@dataclass(frozen=True, slots=True)
class Form:
    """One person's form."""

    name: str
    answers: Mapping[str, int | str]

    @property
    def total(self) -> int | None:
        """Sum of the nine scored items, 0-27; None unless all nine are numbers."""
        numbers = [value for link in SCORED if type(value := self.answers.get(link)) is int]
        return sum(numbers) if len(numbers) == len(SCORED) else None

    @property
    def item9(self) -> int | None:
        """0-3; None when it was declined or left out."""
        value = self.answers.get("q9")
        return value if isinstance(value, int) else None


def read_forms(path: Path) -> list[Form]:
    """All forms of the file. Raises `FormsError`, and `OSError` when it cannot be read."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        missing = {"seqn", *LINKS} - set(rows.fieldnames or ())
        if missing:
            raise FormsError(f"no column {', '.join(sorted(missing))}")
        forms = [_form(row, line) for line, row in enumerate(rows, start=2)]
    if len({form.name for form in forms}) < len(forms):
        raise FormsError("a seqn stands there twice")
    return forms


def _form(row: Mapping[str, str], line: int) -> Form:
    answers: dict[str, int | str] = {}
    for link in LINKS:
        code = (row[link] or "").strip()
        if code and code not in CODES:
            raise FormsError(f"line {line}: {link} is none of 0-3, 7, 9 and empty")
        if code:
            answers[link] = CODES[code]
    if not row["seqn"].isalnum():
        raise FormsError(f"line {line}: seqn is no plain number or word")
    return Form(row["seqn"], answers)
