"""Cursors that were made up, cut or taken from another list: refused, and never a fault."""

from __future__ import annotations

import base64
import os
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.exceptions import Invalid
from services.paging import _READ, decode_cursor, encode_cursor
from tests.builders.doors.sides import C, sides_of
from tests.builders.seen import saw
from tests.builders.world import World

PROVE: Final = os.environ.get("INTERLUDE_PROVE") == "1"
EXAMPLES: Final = 20_000 if PROVE else 300
ASKED: Final = 2_000 if PROVE else 60

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.datetimes().map(str),
    st.uuids().map(str),
)
documents = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4), max_leaves=8)


def packed(document: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(document, default=str)).decode().rstrip("=")


def _encodable(document: Any) -> bool:
    try:
        orjson.dumps(document)
    except TypeError:
        return False
    return True


made_up = st.one_of(
    st.text(max_size=80),
    st.binary(max_size=80).map(lambda raw: base64.urlsafe_b64encode(raw).decode()),
    documents.filter(_encodable).map(packed),
)


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(cursor=made_up, kinds=st.lists(st.sampled_from(list(_READ)), min_size=1, max_size=6))
def test_a_cursor_is_read_whole_or_refused(cursor: str, kinds: list[type]) -> None:
    try:
        values = decode_cursor(cursor, *kinds)
    except Invalid:
        return
    assert len(values) == len(kinds)
    # What is taken is what we would write: nothing else is hidden in it.
    assert decode_cursor(encode_cursor(*values), *kinds) == values or values != values


# Lists that a clinician, or a patient, reads page by page.
LISTS: Final = (
    "/v1/patients?sort=risk",
    "/v1/patients?sort=silence",
    "/v1/patients?sort=trend",
    "/v1/patients?sort=name",
    "/v1/alerts?",
    "/v1/users?",
    "/v1/on-call/schedules?",
    "/v1/check-ins?patient_id={patient_id}",
    "/v1/side-effects?patient_id={patient_id}",
    "/v1/help-requests?patient_id={patient_id}",
    "/v1/patients/{patient_id}/courses?",
    "/v1/patients/{patient_id}/sessions?",
)


def test_every_list_refuses_a_made_up_cursor_or_answers_it(app: Flask, world: World) -> None:
    sides, client = sides_of(C, world), FlaskClient(app)
    headers, seen = sides.caller.headers, list[int]()

    @settings(
        max_examples=ASKED, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(cursor=made_up, path=st.sampled_from(LISTS))
    def answers(cursor: str, path: str) -> None:
        address, _, query = path.format(**sides.things["own"]).partition("?")
        asked = dict(parse_qsl(query)) | {"cursor": cursor}
        answer = client.get(address, query_string=asked, headers=headers)
        seen.append(answer.status_code)
        assert answer.status_code in (200, 422)

    answers()
    saw(f"{len(seen)} asked, {seen.count(422)} refused")


def test_a_cursor_of_another_clinic_leads_to_ones_own_rows_alone(app: Flask, world: World) -> None:
    """A cursor is a place in an order, and no key to what stands there."""
    here, there = world.clinic(), world.clinic()
    for clinic in (here, there):
        for _ in range(3):
            clinic.patient()
    client = FlaskClient(app)
    mine, theirs = here.staff().headers, there.staff().headers
    own = {one["id"] for one in client.get("/v1/patients", headers=mine).json["items"]}
    for sort in ("risk", "silence", "trend", "name"):
        first = client.get(f"/v1/patients?sort={sort}&limit=1", headers=theirs).json
        page = client.get(
            "/v1/patients",
            query_string={"sort": sort, "cursor": first["next_cursor"]},
            headers=mine,
        )
        assert page.status_code == 200
        assert {one["id"] for one in page.json["items"]} <= own
