"""All that there is about a patient, in one zip: complete, readable, and for nobody else."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import orjson
import pytest
from flask.testing import FlaskClient

from api.embedded.urls import DatabaseUrls
from services.erasure.fates import FATES
from services.export import requests
from services.export.kinds import KINDS, LEFT_OUT
from services.export.readme import FIELDS, meaning
from tests.builders.calls import made, post, refused
from tests.builders.entries import phq9
from tests.builders.privacy.whole_patient import ANSWERS, MARK, WORDS, WholePatient
from tests.builders.stored import rows
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld, Person, World
from tests.fixtures.statements import statements_sent


class Zip:
    """What somebody was given."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        with ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            self.files = {info.filename: archive.read(info) for info in archive.infolist()}
        self.data: dict[str, Any] = orjson.loads(self.files["data.json"])
        self.readme = self.files["README.txt"].decode()

    def table(self, kind: str) -> list[dict[str, str]]:
        """A CSV file."""
        text = self.files[f"csv/{kind}.csv"].decode("utf-8-sig")
        return list(csv.DictReader(io.StringIO(text, newline="")))


def exported(chart: Chart, person: Person) -> Zip:
    own = person.user_id == chart.pat.user_id
    path = "/v1/me/export" if own else f"{chart.path}/export"
    asked = made(chart.send("POST", path, person), 202)
    assert asked["status"] == "ready"
    answer = chart.send("GET", f"/v1/exports/{asked['id']}", person)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="interlude-{asked["id"]}.zip"'
    )
    assert answer.headers["Cache-Control"] == "no-store"
    as_of = datetime.fromisoformat(answer.headers["Interlude-As-Of"])
    assert as_of >= datetime.fromisoformat(asked["requested_at"])
    return Zip(answer.data)


@pytest.fixture
def whole(world: World, database_urls: DatabaseUrls) -> WholePatient:
    return WholePatient(world, database_urls.admin)


def test_every_table_with_rows_of_a_patient_is_in_it_or_left_out_with_a_reason() -> None:
    inside = {kind.table.__tablename__ for kind in KINDS}
    inside |= {kind.beside.__tablename__ for kind in KINDS if kind.beside is not None}
    assert not inside & LEFT_OUT.keys()
    theirs = {name for name, fate in FATES.items() if fate.fate != "stays"}
    assert theirs <= inside | LEFT_OUT.keys()
    assert {name for name in LEFT_OUT if FATES[name].fate == "stays"} == {
        *("audit_entries", "erasures"),
    }


def test_every_field_is_explained_and_nothing_else() -> None:
    used = set()
    for kind in KINDS:
        for column in kind.columns(for_staff=True):
            assert meaning(kind.name, column.name)
            own = f"{kind.name}.{column.name}"
            used.add(own if own in FIELDS else column.name)
    assert used == FIELDS.keys()


def test_the_patient_gets_everything_and_no_words_of_staff_about_an_alert(
    whole: WholePatient,
) -> None:
    found = exported(whole, whole.pat)
    assert {kind.name for kind in KINDS if not found.data[kind.name]} == set()
    (form,) = [one for one in found.data["check_ins"] if one["version"] == 2]
    assert (form["answers"], form["reason"], form["instrument"]) == (ANSWERS, WORDS, "pcl5")
    (record,) = found.data["record"]
    assert (record["address"], record["emergency_contact"]["name"]) == (WORDS, WORDS)
    assert record["mrn"] == f"{MARK}-1"
    assert MARK in found.data["refused_requests"][0]["body"]
    (account,) = found.data["account"]
    assert account["email"] == whole.pat.email
    assert "text" not in found.data["alert_notes"][0]
    assert "note" not in found.data["alert_resolutions"][0]
    assert str(whole.staff.user_id) in {one["id"] for one in found.data["people"]}
    assert str(whole.pat.user_id) not in {one["id"] for one in found.data["people"]}


def test_who_treats_them_gets_the_words_too(whole: WholePatient) -> None:
    found = exported(whole, whole.staff)
    assert found.data["alert_notes"][0]["text"] == WORDS
    assert {one["note"] for one in found.data["alert_resolutions"]} == {WORDS}


def test_nothing_secret_is_in_it(whole: WholePatient) -> None:
    found = exported(whole, whole.staff)
    names = {name for kind in KINDS for row in found.data[kind.name] for name in row}
    assert {name for name in names if "digest" in name or "hash" in name} == set()
    assert not names & {"subscription", "sealed_code", "password_hash", "clinic_id", "epoch"}


def test_each_list_is_a_table_too(whole: WholePatient) -> None:
    found = exported(whole, whole.pat)
    for kind in (*(kind.name for kind in KINDS), "people", "questions"):
        assert len(found.table(kind)) == len(found.data[kind]), kind
    form = next(one for one in found.table("check_ins") if one["version"] == "2")
    assert orjson.loads(form["answers"]) == ANSWERS
    assert form["received_at"].endswith("Z")
    assert (form["complete"], form["q9"]) == ("true", "")
    question = next(one for one in found.table("questions") if one["instrument"] == "phq9")
    assert (question["link_id"], question["value"]) == ("q1", "0")
    assert found.files.keys() == {
        *("README.txt", "data.json", "csv/people.csv", "csv/questions.csv"),
        *(f"csv/{kind.name}.csv" for kind in KINDS),
    }


def test_the_readme_says_what_everything_is_and_whom_to_call(whole: WholePatient) -> None:
    readme = exported(whole, whole.pat).readme
    assert readme.startswith("YOUR DATA AT North Clinic\r\n")
    assert "3114" in readme, "the crisis line of France"
    for kind in KINDS:
        assert f"\r\n{kind.name.upper()}: {kind.what}" in readme
    assert all(len(line) <= 100 for line in readme.splitlines())


def test_no_cell_is_a_formula(client: FlaskClient, clinic: ClinicWorld) -> None:
    chart = Chart(clinic)
    for start in "=+-@\t\r":
        made(chart.post("/v1/check-ins", chart.form(note=f"{start}HYPERLINK quagga"), chart.pat))
    found = exported(chart, chart.pat)
    notes = {one["note"] for one in found.table("check_ins")}
    assert {note[0] for note in notes} == {"'"}
    assert {one["note"][0] for one in found.data["check_ins"]} == set("=+-@\t\r")
    (first,) = {one["utc_offset_s"] for one in found.table("check_ins")}
    assert int(first) in (0, 3600, 7200), "numbers stay numbers"


def test_the_same_data_give_the_same_bytes(whole: WholePatient) -> None:
    first = exported(whole, whole.pat)
    whole.later(hours=2)
    assert exported(whole, whole.pat).content == first.content
    made(whole.post("/v1/check-ins", whole.form(note="later quagga"), whole.pat))
    assert exported(whole, whole.pat).content != first.content


def test_a_large_one_is_sent_in_pieces(
    whole: WholePatient, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = exported(whole, whole.pat)
    monkeypatch.setattr(requests, "IN_MEMORY", 1000)
    monkeypatch.setattr(requests, "CHUNK", 100)
    assert exported(whole, whole.pat).content == at_once.content


def test_who_may_read_which(client: FlaskClient, world: World) -> None:
    clinic, other = world.clinic(), world.clinic()
    pat, treats, stranger = clinic.patient(), clinic.staff(), clinic.staff()
    team = {"user_ids": [str(treats.user_id)]}
    path = f"/v1/patients/{pat.patient_id}"
    made(client.put(f"{path}/care-team", json=team, headers=treats.headers), 200)
    asked = made(client.post(f"{path}/export", headers=treats.headers), 202)
    read = f"/v1/exports/{asked['id']}"
    assert client.get(read, headers=treats.headers).status_code == 200
    for person, of_them, status in (
        (stranger, 404, 404),
        (other.staff(), 404, 404),
        (clinic.patient(), 404, 404),
        (clinic.admin, 403, 403),
        (clinic.staff("on_call"), 403, 403),
        (pat, 202, 404),
    ):
        assert client.post(f"{path}/export", headers=person.headers).status_code == of_them
        assert client.get(read, headers=person.headers).status_code == status
    glass = {"patient_id": str(pat.patient_id), "reason": "found unwell quagga"}
    made(post(client, stranger, glass, "/v1/break-glass"))
    opened = client.post(f"{path}/export", headers=stranger.headers)
    assert refused(opened, 403) == {"code": "forbidden"}
    left = {"user_ids": [str(stranger.user_id)]}
    made(client.put(f"{path}/care-team", json=left, headers=clinic.admin.headers), 200)
    assert client.get(read, headers=treats.headers).status_code == 404, "not in view any more"


def test_it_expires_and_goes_with_the_patient(whole: WholePatient) -> None:
    asked = made(whole.send("POST", "/v1/me/export", whole.pat), 202)
    assert made(whole.send("POST", "/v1/me/export", whole.pat), 202) == asked
    path = f"/v1/exports/{asked['id']}"
    whole.later(hours=23, minutes=59)
    assert whole.send("GET", path, whole.pat).status_code == 200
    fresh = made(whole.send("POST", "/v1/me/export", whole.pat), 202)
    assert fresh["id"] != asked["id"]
    whole.later(minutes=1)
    assert refused(whole.send("GET", path, whole.pat), 404) == {"code": "not_found"}
    of_staff = made(whole.send("POST", f"{whole.path}/export", whole.staff), 202)
    whole.erase()
    again = whole.send("GET", f"/v1/exports/{of_staff['id']}", whole.staff)
    assert refused(again, 404) == {"code": "not_found"}
    assert rows(whole.admins[0], "SELECT id FROM exports") == []


def test_more_entries_are_not_more_questions_to_the_database(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    chart = Chart(clinic)
    made(post(client, chart.pat, phq9()))
    exported(chart, chart.pat)  # the first use of a token, and the row of the export
    few = counted(chart)
    for day in range(30):
        at = (chart.now - timedelta(days=day)).isoformat()
        made(post(client, chart.pat, phq9(id=str(uuid4()), recorded_at=at)))
    assert counted(chart) == few


def counted(chart: Chart) -> int:
    with statements_sent(chart.pat.app) as sent:
        exported(chart, chart.pat)
    return len(sent)
