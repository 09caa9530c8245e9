"""The days of a daily series that are read are all that its rules look at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from models import StoredDecision
from services.unit_of_work import transaction
from tests.builders.trends.histories import START, Phone
from tests.builders.world import World

SENT = {"instrument": "phq9-daily", "timezone": "UTC", "late": 0, "expired": False}


def daily(phone: Phone, day: int, total: int) -> None:
    given = {f"q{n}": min(3, max(0, total - 3 * (n - 1))) for n in range(1, 9)} | {"q9": 0}
    phone.now = START + timedelta(days=day)
    phone.form({**SENT, "answers": given})


def usual(phone: Phone) -> dict[str, Any]:
    """What the last decision of M2 took as usual for this patient."""
    newest = select(StoredDecision.decided).order_by(StoredDecision.decided_at.desc()).limit(1)
    with transaction(phone.patient.actor.clinic_id) as session:
        decided = session.scalars(newest).one()
    (inputs,) = (one["inputs"] for one in decided if one["rule"] == "M2")
    return {name: inputs[name] for name in ("on", "reference", "reference_days")}


def test_a_form_without_a_total_long_after_the_last_one_changes_nothing(
    app: Flask, clean_database: None
) -> None:
    """M2 looks back 17 days from the last complete one, which lies before the form's lookback."""
    phone = Phone(World(app, now=START).clinic().patient(timezone="UTC"))
    with app.app_context():
        for total, days in ((20, range(7)), (3, range(20, 25)), (12, range(35, 38))):
            for day in days:
                daily(phone, day, total)
        before = usual(phone)
        phone.now = START + timedelta(days=82)
        phone.form({**SENT, "answers": {"q1": 1}})
        assert usual(phone) == before
        assert before["reference_days"] == 5
