"""A patient's rights in the console: erasure by two administrators, and the file of their data."""

from __future__ import annotations

import io
import zipfile

from flask import Flask
from flask.testing import FlaskClient

from tests.builders.alerts import do, open_alert
from tests.builders.pages.console import console_of
from tests.builders.stored import entries
from tests.builders.world import ClinicWorld, Person

RIGHTS = "/clinic/rights"


def path_of(patient: Person) -> str:
    return f"/patients/{patient.patient_id}"


def form_of(console_forms: dict[str, str], what: str) -> str:
    return next(action for action in console_forms if action.endswith(what))


def test_one_asks_another_confirms_and_nothing_is_left(app: Flask, clinic: ClinicWorld) -> None:
    pat = clinic.patient("Ada <b>Quagga")
    first, second = clinic.admin, clinic.staff("admin", name="Cy Quagga")
    console = console_of(app, first, path_of(pat))
    assert f'href="/console{path_of(pat)}/erasure"' in console.page
    console.open(f"{path_of(pat)}/erasure")
    assert console.send(f"{path_of(pat)}/erasure").status_code == 422
    assert console.send(f"{path_of(pat)}/erasure", reason="they <i>asked").status_code == 200
    assert "Ada <b>Quagga" in console.text
    assert "they <i>asked" in console.text
    assert "You asked for it: a second administrator confirms" in console.text
    assert not [action for action in console.forms() if action.endswith("/confirm")]
    other = console_of(app, second, RIGHTS)
    confirm = form_of(other.forms(), "/confirm")
    assert other.send(confirm).status_code == 422
    assert "Tick that you know" in other.text
    assert other.send(confirm, sure="1").status_code == 200
    assert "Nothing waits" in other.text
    assert "Erased" in other.text
    assert "Ada" not in other.text
    assert other.open(path_of(pat)).status_code == 404
    (entry,) = entries(first, "patient_erased")
    assert (entry["actor_id"], entry["patient_id"]) == (second.user_id, pat.patient_id)


def test_who_asked_cannot_confirm_by_hand_either(app: Flask, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    console = console_of(app, clinic.admin, f"{path_of(pat)}/erasure")
    console.send(f"{path_of(pat)}/erasure", reason="they asked")
    confirm = form_of(console.forms(), "/withdraw").replace("withdraw", "confirm")
    assert console.post(confirm, {"csrf": console.token(), "sure": "1"}).status_code == 403
    assert "A second administrator has to confirm this" in console.text


def test_an_open_danger_refuses_both_in_words(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, second = clinic.patient(), clinic.staff("admin")
    alert = open_alert(client, pat)
    console = console_of(app, clinic.admin, f"{path_of(pat)}/erasure")
    assert console.send(f"{path_of(pat)}/erasure", reason="they asked").status_code == 409
    assert "A safety alert of this patient is open" in console.text
    assert "they asked" in console.text
    do(client, clinic.staff(), alert, "resolve", disposition="safe_plan_made")
    console.send(f"{path_of(pat)}/erasure", reason="they asked")
    open_alert(client, pat)
    other = console_of(app, second, RIGHTS)
    assert other.send(form_of(other.forms(), "/confirm"), sure="1").status_code == 409
    assert "Nobody is erased until somebody has resolved it" in other.text
    assert other.open(path_of(pat)).status_code == 200


def test_a_request_is_taken_back_and_an_older_page_confirms_nothing(
    app: Flask, clinic: ClinicWorld
) -> None:
    pat, second = clinic.patient("Ada Quagga"), clinic.staff("admin")
    console = console_of(app, clinic.admin, f"{path_of(pat)}/erasure")
    console.send(f"{path_of(pat)}/erasure", reason="they asked")
    other = console_of(app, second, RIGHTS)
    assert console.send(form_of(console.forms(), "/withdraw")).status_code == 200
    assert "Taken back" in console.text
    assert "they asked" not in console.text
    assert other.send(form_of(other.forms(), "/confirm"), sure="1").status_code == 409
    assert "This request was taken back" in other.text
    assert other.open(path_of(pat)).status_code == 200


def test_whoever_treats_them_makes_and_fetches_the_file(app: Flask, clinic: ClinicWorld) -> None:
    pat, other = clinic.patient("Ada Quagga"), clinic.patient("Bo Quagga")
    staff, colleague = clinic.staff(), clinic.staff()
    console = console_of(app, staff, path_of(pat))
    assert f'href="/console{path_of(pat)}/export"' in console.page
    console.open(f"{path_of(pat)}/export")
    assert console.send(f"{path_of(pat)}/export").status_code == 200
    link = console.page.partition(f'href="/console{path_of(pat)}/export/')[2].partition('"')[0]
    fetched = console.open(f"{path_of(pat)}/export/{link}")
    assert (fetched.mimetype, fetched.headers["Cache-Control"]) == ("application/zip", "no-store")
    assert "README.txt" in zipfile.ZipFile(io.BytesIO(fetched.data)).namelist()
    # Not under another patient's name, nor by somebody else.
    assert console.open(f"{path_of(other)}/export/{link}").status_code == 404
    assert console_of(app, colleague).open(f"{path_of(pat)}/export/{link}").status_code == 404
    admin = console_of(app, clinic.admin, RIGHTS)
    assert "Ada Quagga : asked for by Sam Quagga" in admin.text
    assert admin.open(f"{path_of(pat)}/export").status_code == 403
    assert len(entries(staff, "export_read")) == 1
