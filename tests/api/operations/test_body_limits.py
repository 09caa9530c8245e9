"""How large a body may be, and how much of a larger one is read, is what the settings say."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any
from unittest import mock

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import create_app
from models.database import db
from services.rules.danger.body_text import SCANNED_BYTES, opened
from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld

Serving = Callable[..., FlaskClient]


@pytest.fixture
def serving(app: Flask) -> Iterator[Serving]:
    """The API with other limits."""
    made: list[Flask] = []

    def serve(**limits: int) -> FlaskClient:
        made.append(create_app(replace(app.config["INTERLUDE"], **limits)))
        return made[-1].test_client()

    yield serve
    for other in made:
        with other.app_context():
            db.engine.dispose()


def sized(entry: dict[str, Any], size: int) -> bytes:
    """The entry, padded with blanks to so many bytes."""
    return json.dumps(entry).encode().ljust(size)


@pytest.mark.parametrize("limit", [100_000, 1_000_000, 3_000_000])
def test_a_body_of_the_limit_is_taken_and_one_more_byte_is_not(
    serving: Serving, clinic: ClinicWorld, limit: int
) -> None:
    client, patient = serving(max_body_bytes=limit), clinic.patient()
    assert post(client, patient, sized(phq9(), limit)).status_code == 201
    assert post(client, patient, sized(phq9(), limit + 1)).status_code == 413


def test_a_small_limit_hides_no_danger_in_the_first_megabyte(
    serving: Serving, clinic: ClinicWorld
) -> None:
    client = serving(max_body_bytes=100_000)
    answer = post(client, clinic.patient(), b" " * 500_000 + sized(phq9(3), 0))
    assert answer.status_code == 413
    assert answer.json["safety"]["level"] == "crisis"
    assert alerts(client, clinic) == ["unreadable_risk"]


@pytest.mark.parametrize("drained", [2_000_000, 5_000_000])
def test_a_larger_body_is_drained_as_far_as_the_setting_says(
    serving: Serving, clinic: ClinicWorld, drained: int
) -> None:
    client, upload = serving(max_drain_bytes=drained), BytesIO(b" " * 8_000_000)
    answer = client.post(
        "/v1/check-ins",
        input_stream=upload,
        content_length=8_000_000,
        content_type="application/json",
        headers=clinic.patient().headers,
    )
    assert answer.status_code == 413
    assert drained <= upload.tell() < drained + 200_000


PACKERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


@pytest.mark.parametrize("name", PACKERS)
def test_of_a_packed_body_a_megabyte_is_looked_at_and_nothing_taken(
    client: FlaskClient, clinic: ClinicWorld, name: str
) -> None:
    """Thirty megabytes in thirty kilobytes, and the same once more packed into itself. Danger in it
    is searched for on crisis routes alone; no other unpacks anything.
    """
    once = PACKERS[name](b" " * 30_000_000)
    packed, patient = {"Content-Encoding": name}, clinic.patient()
    for bomb in (once, PACKERS[name](once)):
        assert len(bomb) < 100_000
        assert len(opened(bomb)) <= SCANNED_BYTES
        assert post(client, patient, bomb, **packed).status_code == 415
        with mock.patch("api.http.errors.opened", side_effect=AssertionError):
            refused = client.post(
                "/v1/auth/login", data=bomb, headers=packed, content_type="application/json"
            )
        assert refused.status_code == 415


def alerts(client: FlaskClient, clinic: ClinicWorld) -> list[str]:
    answer = client.get("/v1/alerts", headers=clinic.staff("on_call").headers)
    return [alert["family"] for alert in answer.json["items"]]
