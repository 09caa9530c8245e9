"""Schedules of a clinic through the public calls, on a clock that a test moves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.builders.calls import made
from tests.builders.world import Person, World, log_in

PATH = "/v1/on-call"


class Rota:
    """A clinic with an administrator, and three who are on call, all of whom live at `now`."""

    def __init__(
        self, app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime, timezone: str
    ) -> None:
        self.now, self.timezone = now, timezone
        self.client: FlaskClient = app.test_client()
        self.clinic = World(app, now).clinic(timezone=timezone)
        self.admin = self.clinic.admin
        self.ann, self.ben, self.cem = (
            self.clinic.staff("on_call", name=f"{name} Quagga") for name in ("Ann", "Ben", "Cem")
        )
        monkeypatch.setattr("api.http.auth.utcnow", lambda: self.now)

    def later(self, **by: int) -> datetime:
        """Move the clock; whoever is still staff logs in again."""
        self.now += timedelta(**by)
        with self.clinic.app.app_context():
            self.admin, self.ann, self.ben, self.cem = (
                log_in(self.clinic.app, self.clinic.id, each.user_id, self.now)
                for each in (self.admin, self.ann, self.ben, self.cem)
            )
        return self.now

    def call(
        self, method: str, path: str, body: Any = None, by: Person | None = None, **query: str
    ) -> TestResponse:
        """A call below `/v1/on-call`, of the administrator unless somebody else makes it."""
        return self.client.open(
            f"{PATH}/{path}",
            method=method,
            json=body,
            query_string=query,
            headers=(by or self.admin).headers_at(self.now),
        )

    def get(self, path: str, by: Person | None = None, **query: str) -> dict[str, Any]:
        """What a read answers."""
        return made(self.call("GET", path, None, by, **query), 200)

    def schedule(self, *members: Person, name: str = "Nights", **rotation: Any) -> str:
        """A schedule of these people: daily at 08:00 unless the rotation says otherwise."""
        turns = {"kind": "daily", "length": 1, "handover": "08:00", **rotation}
        turns["members"] = [str(each.user_id) for each in members]
        body = {"name": name, "timezone": self.timezone, "rotation": turns}
        return str(made(self.call("POST", "schedules", body))["id"])

    def override(
        self, schedule: str, of: Person, from_at: datetime, to_at: datetime, **fields: Any
    ) -> dict[str, Any]:
        """An override that the administrator enters."""
        body = {"user_id": str(of.user_id), "from_at": stamp(from_at), "to_at": stamp(to_at)}
        return made(self.call("POST", f"schedules/{schedule}/overrides", body | fields))

    def shifts(self, schedule: str, from_at: datetime, to_at: datetime) -> list[tuple[str, str]]:
        """Who, by the first name, and until when (UTC)."""
        span = {"from": stamp(from_at), "to": stamp(to_at)}
        items = self.get(f"schedules/{schedule}/shifts", None, **span)["items"]
        return [(each["name"].split()[0], each["to_at"]) for each in items]


def stamp(at: datetime) -> str:
    """An instant as a client sends it."""
    return at.isoformat()
