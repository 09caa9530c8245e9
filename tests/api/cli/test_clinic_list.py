"""`flask clinic list`: which clinics are there, and nothing about anybody in them."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Flask

from tests.builders.world import World


def listed(app: Flask) -> list[dict[str, Any]]:
    result = app.test_cli_runner().invoke(args=["clinic", "list"])
    assert result.exit_code == 0, result.output
    assert "quagga" not in result.output.casefold()
    assert "@" not in result.output
    return [orjson.loads(line) for line in result.output.splitlines()]


def test_every_clinic_is_one_line(app: Flask, world: World) -> None:
    assert listed(app) == []
    north, south = world.clinic("North"), world.clinic("South")
    south.contact("mailto:on-call@clinic.example")
    south.patient("Ada Quagga")
    found = listed(app)
    assert [(one["id"], one["name"], one["contacts"]) for one in found] == [
        (str(north.id), "North", 1),  # the last resort
        (str(south.id), "South", 2),
    ]
    assert {(one["timezone"], one["country"]) for one in found} == {("Europe/Paris", "FR")}
    assert set(found[0]) == {"id", "name", "timezone", "country", "contacts", "created_at"}
