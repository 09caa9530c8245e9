"""Which forms of the alert page have words that are kept when the log-in has ended."""

from __future__ import annotations

from typing import Final

from api.browser.typed import Typed, sent_or_carried

# The forms whose words are kept, and their fields.
KEPT: Final = {
    "contact": ("text", "outcome", "id"),
    "note": ("text", "id"),
    "resolve": ("disposition", "note"),
}


def typed() -> Typed | None:
    """What this request sends, or what its log-in form carries along."""
    sent = sent_or_carried()
    form = sent.form.rpartition("/")[2] if sent else ""
    if sent is None or form not in KEPT:
        return None
    return Typed(form, tuple((name, sent.fields.get(name, "")) for name in KEPT[form]), sent.by)
