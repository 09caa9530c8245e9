"""What somebody typed is never lost: a log-in that has ended comes back to it.

The log-in form carries it along, and the page shows it again afterwards, to be sent once more.
Only of a form that our own page sent: another site must not put words into anybody's mouth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import request

# The forms whose words are kept, and their fields.
KEPT: Final = {
    "contact": ("text", "outcome"),
    "note": ("text",),
    "resolve": ("disposition", "note"),
}
PREFIX: Final = "kept_"


@dataclass(frozen=True, slots=True)
class Typed:
    """The form that something was typed in, and what."""

    form: str
    fields: dict[str, str]

    @property
    def hidden(self) -> dict[str, str]:
        """As hidden fields of the log-in form."""
        return {f"{PREFIX}form": self.form} | {
            f"{PREFIX}{name}": value for name, value in self.fields.items()
        }


def typed() -> Typed | None:
    """What this request sends, or what its log-in form carries along."""
    form, prefix = request.path.rpartition("/")[2], ""
    if form == "log-in":
        form, prefix = request.form.get(f"{PREFIX}form", ""), PREFIX
    if request.method != "POST" or form not in KEPT:
        return None
    return Typed(form, {name: request.form.get(prefix + name, "") for name in KEPT[form]})
