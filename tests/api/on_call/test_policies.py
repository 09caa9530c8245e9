"""Escalation policies over the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from tests.builders.calls import made, refused
from tests.builders.paging.rota import Rota

MORNING = datetime(2026, 6, 1, 8, tzinfo=UTC)
CHAIN = {"severity": "critical", "steps": [], "repeat": True, "source": "contact_chain"}


@pytest.fixture
def rota(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Rota:
    return Rota(app, monkeypatch, MORNING, "UTC")


def put(rota: Rota, *steps: dict[str, Any], severity: str = "critical", **more: Any) -> Any:
    return rota.call("PUT", f"policies/{severity}", {"steps": list(steps), **more})


def test_until_one_is_set_the_contact_chain_is_the_policy(rota: Rota) -> None:
    assert rota.get("policies/critical") == CHAIN
    schedule = rota.schedule(rota.ann)
    steps = [
        {"delay_s": 300, "targets": [{"schedule_id": schedule}]},
        {
            "delay_s": 600,
            "targets": [{"user_id": str(rota.ben.user_id)}, {"everyone": True}],
        },
    ]
    changed = made(put(rota, *steps), 200)
    assert changed == CHAIN | {"steps": steps, "source": "policy"}
    assert rota.get("policies/critical", rota.ann) == changed
    assert rota.get("policies/high")["source"] == "contact_chain"
    answer = rota.call("DELETE", f"schedules/{schedule}")
    assert list(refused(answer)) == ["schedule_id"]
    assert made(put(rota, steps[1], repeat=True), 200)["steps"] == steps[1:]
    assert made(put(rota), 200) == CHAIN
    assert rota.call("DELETE", f"schedules/{schedule}").status_code == 204


def test_what_cannot_be_a_policy(rota: Rota) -> None:
    everyone = [{"everyone": True}]
    for step, field in (
        ({"delay_s": 3_601, "targets": everyone}, "steps.0.delay_s"),
        ({"delay_s": -1, "targets": everyone}, "steps.0.delay_s"),
        ({"delay_s": 60, "targets": []}, "steps.0.targets"),
        ({"delay_s": 60, "targets": [{}]}, "steps.0.targets.0"),
        ({"delay_s": 60, "targets": [{"everyone": False}]}, "steps.0.targets.0"),
        ({"delay_s": 60, "targets": [{"schedule_id": str(uuid4())}]}, "steps.0.targets.0"),
        ({"delay_s": 60, "targets": [{"user_id": str(uuid4())}]}, "steps"),
    ):
        assert list(refused(put(rota, step))) == [field], step
    good = {"delay_s": 3_601, "targets": everyone}
    assert made(put(rota, good, severity="high"), 200)["steps"] == [good]
    assert list(refused(put(rota, repeat=False))) == ["repeat"]
    for severity in ("medium", "low", "grave"):
        assert list(refused(put(rota, severity=severity))) == ["severity"]
        assert rota.call("GET", f"policies/{severity}").status_code == 422


def test_administrators_alone_set_them(rota: Rota) -> None:
    pat = rota.clinic.patient()
    for person, reading in ((rota.ann, 200), (pat, 403)):
        assert rota.call("PUT", "policies/high", {"steps": []}, person).status_code == 403
        assert rota.call("GET", "policies/high", None, person).status_code == reading
