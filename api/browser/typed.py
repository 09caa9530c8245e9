"""What somebody typed is never lost: a log-in that has ended comes back to it.

The log-in form carries it along, and a page shows it again afterwards, to be sent once more.
Only of a form that our own page sent: another site must not put words into anybody's mouth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import request

PREFIX: Final = "kept_"
FORM: Final = f"{PREFIX}form"
# What belongs to the form itself, or is never carried anywhere.
NOT_TYPED: Final = frozenset({"csrf", "password"})


@dataclass(frozen=True, slots=True)
class Typed:
    """The form that something was typed in, and what."""

    form: str
    pairs: tuple[tuple[str, str], ...]

    @property
    def fields(self) -> dict[str, str]:
        """What was typed, by field."""
        return dict(self.pairs)

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """As hidden fields of the log-in form."""
        return [(FORM, self.form), *((PREFIX + name, value) for name, value in self.pairs)]


def sent_or_carried() -> Typed | None:
    """The form that this request sends, by its path, or the one that its log-in carries along."""
    if request.method != "POST":
        return None
    sent = [(name, value) for name, values in request.form.lists() for value in values]
    if not request.path.endswith("/log-in"):
        return Typed(request.path, tuple(pair for pair in sent if pair[0] not in NOT_TYPED))
    form = request.form.get(FORM)
    carried = [(name, value) for name, value in sent if name.startswith(PREFIX) and name != FORM]
    pairs = tuple((name.removeprefix(PREFIX), value) for name, value in carried)
    return None if form is None else Typed(form, pairs)
