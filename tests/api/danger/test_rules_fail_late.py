"""What fails after the danger was decided costs neither the answer nor, in the end, the alert."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from services.intake.check_in import record_check_in
from services.intake.deciding import series
from services.intake.forms import CheckInForm
from services.intake.replay import replay, undecided
from services.intake.storing import store
from tests.builders.broken import broken
from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person

MUCH_WORSE = {f"q{item}": 3 for item in range(1, 9)} | {"q9": 0}


def a_steady_month(pat: Person) -> None:
    for days in (40, 26, 12):
        at = datetime.now(UTC) - timedelta(days=days)
        answers = {f"q{item}": 1 for item in range(1, 9)} | {"q9": 0}
        with pat.app.app_context():
            form = CheckInForm(uuid4(), "phq9", answers, at, "Europe/Paris")
            record_check_in(pat.actor, form, None, at)


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


def test_worsening_that_was_missed_is_found_by_the_replay(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    pat = clinic.patient()
    a_steady_month(pat)
    with monkeypatch.context() as patch:
        patch.setattr(series, "series_decisions", broken)
        assert post(client, pat, phq9(answers=MUCH_WORSE)).status_code == 201
        with pat.app.app_context():
            (entry,) = undecided(clinic.id, an_hour_ago())
            with pytest.raises(RuntimeError):
                replay(entry, datetime.now(UTC))
    assert alerts(pat) == []
    with pat.app.app_context():
        replay(entry, datetime.now(UTC))
        assert undecided(clinic.id, an_hour_ago()) == []
    assert [(alert["family"], alert["severity"]) for alert in alerts(pat)] == [("m1", "high")]


def test_figures_that_fail_are_mended_by_the_replay(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    pat = clinic.patient()
    with monkeypatch.context() as patch:
        patch.setattr(series, "figures_of", broken)
        assert post(client, pat, phq9()).status_code == 201
    assert rows(pat, "SELECT baseline FROM patient_status")[0]["baseline"] is None
    with pat.app.app_context():
        (entry,) = undecided(clinic.id, an_hour_ago())
        replay(entry, datetime.now(UTC))
    assert rows(pat, "SELECT baseline FROM patient_status")[0]["baseline"] == 8


def test_a_card_that_cannot_be_made_is_the_generic_one(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    pat = clinic.patient()
    monkeypatch.setattr(store, "card", broken)
    answer = post(client, pat, phq9(item9=3))
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["safety"]["level"] == "crisis"
    assert "did not reach" not in answer.json["safety"]["monitoring"]
    assert [alert["severity"] for alert in alerts(pat)] == ["critical"]
