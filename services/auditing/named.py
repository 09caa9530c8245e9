"""The audit trail with names: who looked at whom."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from models import Patient, User
from services.access import Actor
from services.accounts.tokens.token_check import acting
from services.auditing.listing import AuditFilter, list_audit


def list_named(actor: Actor, wanted: AuditFilter, now: datetime) -> dict[str, Any]:
    """As `list_audit`, with the `names` of all accounts and patients that are in it."""
    found = list_audit(actor, wanted, now)
    ids = {one for entry in found["items"] for one in _ids(entry)}
    ids |= {one for one in (wanted.patient_id, wanted.user_id) if one is not None}
    return {**found, "names": names_of(actor, ids, now)}


def _ids(entry: dict[str, Any]) -> set[UUID]:
    return {one for one in (entry["actor_id"], entry["patient_id"]) if one is not None}


def names_of(actor: Actor, ids: Collection[UUID], now: datetime) -> dict[UUID, str]:
    """Of accounts and patients of the clinic, for whoever has recorded that they were read."""
    with acting(actor, now) as session:
        rows = [
            *session.execute(select(User.id, User.name).where(User.id.in_(ids))),
            *session.execute(select(Patient.id, Patient.name).where(Patient.id.in_(ids))),
        ]
    return {row.id: row.name for row in rows}
