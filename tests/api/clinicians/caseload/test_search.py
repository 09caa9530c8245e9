"""The caseload is searched by pieces of names and numbers, which an index answers."""

from __future__ import annotations

import time
from typing import Any, Final, cast
from urllib.parse import quote

import psycopg
import pytest
from flask.testing import FlaskClient
from psycopg import RawCursor

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models.clinic_door import enter
from models.database import db
from tests.builders.calls import made
from tests.builders.caseload import many, names
from tests.builders.seen import saw
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, Person, World
from tests.fixtures.statements import statements_sent

PARTS: Final = "SELECT part FROM patient_search_parts WHERE patient_id = :id ORDER BY part"


@pytest.mark.parametrize(
    ("name", "mrn", "typed"),
    [
        ("王小明", None, "小明"),
        ("Annamaria Rossi", None, "maria"),
        ("Anna Rossi", "2024-0004711", "4711"),
        ("Anna Rossi", "Dé/47 11", "de/47"),
        ("Anna Rossi", "A-47", "a 4"),
        ("Ludwig " * 12 + "Quagga", None, "quagga"),
        ("Ludwig " * 12 + "Quagga", None, ("ludwig " * 12).strip()),
        ("\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 200, "x" * 100, "x" * 100),
        ("'", None, "'"),
        ("Anna", None, "  "),
    ],
)
def test_what_is_inside_a_name_or_a_number_is_found(
    client: FlaskClient, clinic: ClinicWorld, name: str, mrn: str | None, typed: str
) -> None:
    staff = clinic.staff()
    clinic.patient(name, **({"mrn": mrn} if mrn else {}))
    assert len(names(client, staff, f"?q={quote(typed)}")) == 1


def test_a_new_name_is_found_and_the_old_one_is_not(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, staff = clinic.patient("Zoë Müller", mrn="M-1"), clinic.staff()
    path = f"/v1/patients/{pat.patient_id}"
    made(client.patch(path, json={"name": "Ann Berg", "mrn": ""}, headers=staff.headers), 200)
    assert names(client, staff, "?q=berg") == ["Ann Berg"]
    assert [names(client, staff, f"?q={old}") for old in ("zoe", "m-1")] == [[], []]
    parts = [row["part"] for row in rows(pat, PARTS, id=pat.patient_id)]
    assert parts == ["ann berg", "berg", "erg", "g", "n berg", "nn berg", "rg"]


def test_no_other_clinic_is_searched(client: FlaskClient, world: World) -> None:
    here, elsewhere = world.clinic(), world.clinic()
    here.patient("Zoë Müller")
    pat = elsewhere.patient("Zoë Berg")
    assert names(client, here.staff(), "?q=zoe") == ["Zoë Müller"]
    assert rows(here.admin, PARTS, id=pat.patient_id) == []


@pytest.mark.parametrize("patients", [3000])
def test_a_search_reads_an_index_and_not_every_patient(
    client: FlaskClient, clinic: ClinicWorld, database_urls: DatabaseUrls, patients: int
) -> None:
    """The statements that the route sends, as the application's role in the clinic it entered."""
    clinic.patient("Zoë Müller", mrn="N-204711")
    many(clinic, patients)
    with psycopg.connect(libpq_url(database_urls.admin), autocommit=True) as admin:
        admin.execute("VACUUM (ANALYZE) patients, patient_status, patient_search_parts")
    for who in (clinic.staff(), clinic.admin):
        for typed in ("zoë", "ULLER", "4711"):
            for sort in ("risk", "name"):
                query = f"?sort={sort}&q={quote(typed)}"
                plan = _plan(client, who, query)
                assert "Index Cond: ((clinic_id = (InitPlan" in plan
                assert "pk_patient_search_parts" in plan
                assert "Seq Scan on patient" not in plan, plan
                began = time.perf_counter()
                assert names(client, who, query) == ["Zoë Müller"]
                saw(f"{(time.perf_counter() - began) * 1000:.0f} ms")


def _plan(client: FlaskClient, who: Person, query: str) -> str:
    with statements_sent(who.app) as sent:
        names(client, who, query)
    (search,) = [one for one in sent if "patient_search_parts" in one.text]
    with who.app.app_context(), db.engine.begin() as connection:
        enter(connection, who.actor.clinic_id)
        cursor: RawCursor[Any] = RawCursor(cast("Any", connection.connection.driver_connection))
        lines = cursor.execute(f"EXPLAIN {search.text}".encode(), search.values)
        return "\n".join(line for (line,) in lines)
