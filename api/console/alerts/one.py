"""One alert: the facts, the patient, what can be done, and its story."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from flask import Response, request

from api.browser.once import shown_form_id
from api.browser.session import reader
from api.console.alerts.deliveries import deliveries
from api.console.alerts.story import headline, story
from api.console.shell import clock, page, shows
from api.http.auth import now
from api.page.words import describe
from schemas.base import NOTE_LIMIT
from services.access import Action
from services.alerts.handling.show_alerts import get_alert
from services.exceptions import Invalid
from services.rules.danger.numbers import RULES

HOUR: Final = timedelta(hours=1)
# Of a form whose id is used: what is typed in it is another one from then on.
SPENT: Final = 409
# What a standing plan needs (clinical.md 5.1), in words.
PLAN_NEEDS: Final = (
    f"At most {RULES.plan_longest.days} days. It needs a complete C-SSRS of"
    f" {' or '.join(sorted(RULES.plan_cssrs_levels, reverse=True))}, answered and received within"
    f" the last {RULES.plan_cssrs_age // HOUR} hours and after the newest entry of this alert."
)


@shows("/alerts/<uuid:alert_id>", Action.READ_ALERTS)
def show_one(alert_id: UUID) -> Response:
    """The alert as its reader may see it."""
    return alert_page(alert_id)


def alert_page(
    alert_id: UUID,
    status: int = 200,
    error: Invalid | None = None,
    form: str = "",
    notice: str | None = None,
    *,
    taken: bool = False,
) -> Response:
    """The alert; after a refusal with what was wrong beside its field, and what was typed in `form`
    kept. `notice`: what became of a form; `taken`: that somebody else was faster.
    """
    session, times = reader(), clock()
    alert = get_alert(session.actor, alert_id, now())
    shown = describe(alert, session.actor, session.timezone, now())
    owned = alert["status"] == "acknowledged"
    return page(
        "alerts/alert.html",
        status,
        alert=alert,
        shown=shown,
        owner=str(alert["acknowledged_by"]) if owned else "",
        owner_name=alert["acknowledged_by_name"] if owned else None,
        colleagues=[(each["user_id"], each["name"]) for each in alert["may"]["hand_over_to"]],
        story=story(alert, times),
        headline=headline(alert),
        deliveries=deliveries(alert, times),
        errors=_by_field(error),
        sent=_sent(form),
        form=form,
        kept=request.args.get("done") == "feedback",
        notice=_faster(shown, alert) if taken else notice,
        form_id=lambda name: shown_form_id(again=name == form and status != SPENT),
        limit=NOTE_LIMIT,
        plan_needs=PLAN_NEEDS,
        zone=str(times.zone),
    )


def _faster(shown: Mapping[str, Any], alert: Mapping[str, Any]) -> str:
    who = f" Take it over from {alert['acknowledged_by_name']}?" if alert["acknowledged_by"] else ""
    return f"Somebody was faster, and nothing was changed. {shown['state']}{who}"


def _by_field(error: Invalid | None) -> Mapping[str, list[str]]:
    """What was wrong, by the names of the form's fields; nothing of all others."""
    found = error.errors if error else {}
    by_field = {path.removeprefix("standing_plan."): words for path, words in found.items()}
    return defaultdict(list, by_field)


def _sent(form: str) -> Mapping[str, str]:
    """What stays in the form that was refused; nothing in all others."""
    sent = request.form.to_dict() if form else {}
    # The note of a resolve that came too late stands in the form of notes.
    return defaultdict(str, {"text": sent.get("note", ""), **sent})
