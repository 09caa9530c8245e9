"""The clinic's settings: read by all staff, changed by administrators."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from models import Clinic
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.checks import check_country, check_timezone
from services.exceptions import Invalid
from services.rules.escalation.staffing import StaffingError, parse_staffing
from services.seen import check_seen

FIELDS: Final = (
    "name",
    "timezone",
    "country",
    "phone",
    "staffed",
    "holidays",
    "monitoring_text",
    "cssrs_texts",
    "language",
    "second_factor",
    "ladder",
)
# What stands for nothing in the fields that can be empty.
EMPTY: Final[Mapping[str, Any]] = {
    "phone": None,
    "monitoring_text": None,
    "language": None,
    "staffed": [],
    "holidays": [],
    "cssrs_texts": {},
}


def get_clinic(actor: Actor, now: datetime) -> dict[str, Any]:
    """The settings of the actor's clinic; raises `Forbidden` for a patient."""
    scopes(actor, Action.READ_CLINIC)
    with acting(actor, now) as session:
        return shown(session.scalars(select(Clinic)).one())


def change_clinic(
    actor: Actor, changes: Mapping[str, Any], now: datetime, seen: str | None = None
) -> dict[str, Any]:
    """Change the settings that are given, a ladder number by number.

    `seen`: the name of the settings as somebody had them on the screen. Raises `Forbidden`,
    `Invalid` for a zone, country or hours that cannot be read, and `ChangedMeanwhile`.
    """
    scopes(actor, Action.CHANGE_CLINIC)
    check_settings(changes)
    with acting(actor, now) as session:
        clinic = session.scalars(select(Clinic).with_for_update(key_share=True)).one()
        wanted = {name: _stored(clinic, name, value) for name, value in changes.items()}
        if any(getattr(clinic, name) != value for name, value in wanted.items()):
            check_seen(seen, shown(clinic))
        for name, value in wanted.items():
            setattr(clinic, name, value)
        names = sorted(changes)
        audit.record(session, actor.user_id, "clinic_changed", now, None, clinic.id, fields=names)
        return shown(clinic)


def check_settings(changes: Mapping[str, Any]) -> None:
    """Raise `Invalid` for what a schema cannot see."""
    if "timezone" in changes:
        check_timezone(changes["timezone"])
    if "country" in changes:
        check_country(changes["country"])
    for name in ("staffed", "holidays"):
        hours = {"staffed": (), "holidays": (), name: changes.get(name) or ()}
        try:
            parse_staffing("UTC", hours["staffed"], hours["holidays"])
        except StaffingError:
            raise Invalid({name: ["Cannot be read."]}) from None


def shown(clinic: Clinic) -> dict[str, Any]:
    """The settings as the contract lists them."""
    return {"id": clinic.id, **{name: getattr(clinic, name) for name in FIELDS}}


def _stored(clinic: Clinic, name: str, value: Any) -> Any:
    if name in EMPTY:
        return value or EMPTY[name]
    if name == "timezone":
        return check_timezone(value)
    if name == "ladder":
        return {tier: {**pace, **value.get(tier, {})} for tier, pace in clinic.ladder.items()}
    return value
