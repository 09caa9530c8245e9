"""A chart in a clinic of its own, on a clock that all requests of the process go by."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from tests.builders.trends.chart import Chart
from tests.builders.world import World

# A Monday; far enough back that tokens written today hold all the way.
MORNING = datetime(2025, 6, 2, 8, 0, tzinfo=UTC)


class Ward(Chart):
    """One clinic with a clinician and a patient, all of whom live at `now`."""

    def __init__(
        self,
        app: Flask,
        monkeypatch: pytest.MonkeyPatch,
        now: datetime = MORNING,
        timezone: str = "Europe/Paris",
        country: str = "FR",
        **patient: Any,
    ) -> None:
        self.world = World(app, now)
        clinic = self.world.clinic(timezone=timezone, country=country)
        super().__init__(clinic, clinic.patient(**patient), now=now, timezone=timezone)
        monkeypatch.setattr("api.http.auth.utcnow", lambda: self.now)

    def _clock(self) -> AbstractContextManager[object]:
        return nullcontext()
