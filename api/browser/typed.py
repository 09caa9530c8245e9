"""What somebody typed is never lost: a log-in that has ended comes back to it.

The log-in form carries it along, and a page shows it again afterwards, to be sent once more.
Only of a form that our own page sent: another site must not put words into anybody's mouth. Nor
does a shared workstation: what one person typed is not shown to the next one who logs in there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import g, request

from api.browser.guard import author_of_form
from api.browser.session import PageSession

PREFIX: Final = "kept_"
FORM: Final = f"{PREFIX}form"
BY: Final = f"{PREFIX}by"
# What belongs to the form itself, or is never carried anywhere.
NOT_TYPED: Final = frozenset(
    {"csrf", "password", "code", "totp", "passkey", "secret", "link", "subscription"}
)
# What says which form it was: sent along, and shown to nobody.
UNSEEN: Final = frozenset({"id", "seen", "version", "owner", "place"})


@dataclass(frozen=True, slots=True)
class Typed:
    """The form that something was typed in, and what; `by`: whose log-in had ended."""

    form: str
    pairs: tuple[tuple[str, str], ...]
    by: str = ""

    @property
    def fields(self) -> dict[str, str]:
        """What was typed, by field."""
        return dict(self.pairs)

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """As hidden fields of the log-in form."""
        whose = [(BY, self.by)] if self.by else []
        return [(FORM, self.form), *whose, *((PREFIX + name, value) for name, value in self.pairs)]


def sent_or_carried() -> Typed | None:
    """The form that this request sends, by its path, or the one that its log-in carries along;
    of that none once somebody else has logged in. What nobody is known to have typed is nobody's.
    """
    if request.method != "POST":
        return None
    sent = [(name, value) for name, values in request.form.lists() for value in values]
    who = _who()
    if request.path.endswith("/log-out"):
        return None
    if not request.path.endswith("/log-in"):
        return Typed(request.path, tuple(pair for pair in sent if pair[0] not in NOT_TYPED), who)
    form, by = request.form.get(FORM), request.form.get(BY, "")
    if form is None or not by or who not in ("", by):
        return None
    carried = [pair for pair in sent if pair[0].startswith(PREFIX) and pair[0] not in (FORM, BY)]
    return Typed(form, tuple((name.removeprefix(PREFIX), value) for name, value in carried), by)


def _who() -> str:
    session: PageSession | None = g.get("page_session")
    return str(session.actor.user_id) if session else author_of_form()
