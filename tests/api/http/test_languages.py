"""What a patient reads is in their language: their own, else the phone's, else the clinic's."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from api.http.languages import languages_of
from models import User
from services.rules.languages.texts import TEXTS
from services.unit_of_work import transaction
from tests.builders.calls import LANGUAGES, end_review, made, post, review
from tests.builders.entries import NOTE, ago, phq9
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, Person

DE, FR = TEXTS["de"].card, TEXTS["fr"].card
ENGLISH = "Thank you for telling us"


def speaks(person: Person, language: str) -> None:
    """The profile names a language."""
    with person.app.app_context(), transaction(person.actor.clinic_id) as session:
        chosen = update(User).where(User.id == person.user_id).values(language=language)
        session.execute(chosen)


def asking(person: Person, languages: str) -> dict[str, str]:
    """The headers of a phone that is set to these languages."""
    return {**person.headers, "Accept-Language": languages}


@pytest.mark.parametrize(
    ("profile", "asked", "clinics", "opening"),
    [
        (None, None, None, ENGLISH),
        (None, "de-AT,en;q=0.5", None, DE.opening_crisis),
        (None, "en-US,de;q=0.9", None, ENGLISH),
        (None, "pl, fr;q=0.2, de;q=0.8", None, DE.opening_crisis),
        (None, "de;q=0, *", "fr", FR.opening_crisis),
        (None, "pl", "fr", FR.opening_crisis),
        ("fr", "de", None, FR.opening_crisis),
        ("pl", "de", None, DE.opening_crisis),
    ],
)
def test_the_card_is_in_the_language_of_the_profile_the_phone_or_the_clinic(
    client: FlaskClient,
    clinic: ClinicWorld,
    profile: str | None,
    asked: str | None,
    clinics: str | None,
    opening: str,
) -> None:
    pat = clinic.patient()
    if profile:
        speaks(pat, profile)
    if clinics:
        settings = {"language": clinics}
        client.patch("/v1/clinic", json=settings, headers=clinic.admin.headers)
    headers = asking(pat, asked) if asked else pat.headers
    answer = client.post("/v1/check-ins", json=phq9(3), headers=headers)
    message = made(answer)["safety"]["message"]
    assert opening in message
    # Nobody reviewed a language yet: English is always there, and the numbers lead.
    assert ENGLISH in message
    assert message.startswith("112 · 3114") is (opening != ENGLISH)


def test_a_review_lets_the_words_stand_alone_until_it_is_taken_back(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, admin = clinic.patient(), clinic.admin
    speaks(pat, "de")

    def message() -> str:
        body = {"id": str(uuid4()), "recorded_at": ago(minutes=1)}
        return str(made(post(client, pat, body, "/v1/help-requests"))["safety"]["message"])

    assert ENGLISH in message()
    assert review(client, admin, "de").status_code == 200
    assert message().startswith(DE.opening_crisis)
    assert ENGLISH not in message()
    listed = client.get(LANGUAGES, headers=admin.headers).json["items"]
    assert {one["language"]: one["is_reviewed"] for one in listed} == {
        "de": True,
        "es": False,
        "fr": False,
        "nl": False,
    }
    kept = next(one["review"] for one in listed if one["language"] == "de")
    assert (kept["name"], kept["by"]) == ("Dr. Ann Weiß", str(admin.user_id))
    assert kept["version"] == TEXTS["de"].version
    actions = [row["action"] for row in rows(admin, "SELECT action FROM audit_entries")]
    assert actions.count("language_reviewed") == 1
    assert end_review(client, admin, "de").status_code == 204
    assert ENGLISH in message()


def test_a_review_is_of_the_present_version_and_of_a_language_that_we_have(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    assert review(client, clinic.admin, "de", "de-2020.1.1").status_code == 422
    assert review(client, clinic.admin, "fr", "x").status_code == 422
    for unknown in ("en", "xx"):
        assert review(client, clinic.admin, unknown, "x").status_code == 404
        read = client.get(f"{LANGUAGES}/{unknown}", headers=clinic.admin.headers)
        assert read.status_code == 404


def test_whoever_reviews_reads_every_text_beside_the_english_one(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    found = client.get(f"{LANGUAGES}/nl", headers=clinic.staff("clinician").headers).json
    assert found["texts"]["card"].keys() == found["english"]["card"].keys()
    assert found["texts"]["card"]["danger"] == TEXTS["nl"].card.danger
    assert found["texts"]["form_texts"]["phq9-daily"]["items"]["q9"]
    assert len(found["texts"]["effect_labels"]) == 31


def test_the_kept_answer_and_what_staff_read_stay_as_they_are(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, form = clinic.patient(), phq9(2, note=NOTE)
    headers = asking(pat, "de")
    first = client.post("/v1/check-ins", json=form, headers=headers)
    assert made(first)["notice"].startswith("112 · 3114")
    assert DE.notes_unwatched in made(first)["notice"]
    again = client.post("/v1/check-ins", json=form, headers=asking(pat, "fr"))
    assert again.status_code == 200
    assert again.data == first.data
    address = f"/v1/check-ins/{form['id']}"
    own = client.get(address, headers=asking(pat, "fr")).json["safety"]
    assert FR.opening_crisis in own["message"]
    assert own["languages"] == ["fr", "en"]
    staff = clinic.staff("clinician")
    theirs = client.get(address, headers=asking(staff, "de")).json["safety"]
    assert theirs["message"].startswith(ENGLISH)
    assert "languages" not in theirs


def test_a_refusal_is_in_the_language_too(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    broken = phq9(3) | {"recorded_at": "yesterday"}
    refused = client.post("/v1/check-ins", json=broken, headers=asking(pat, "de"))
    assert refused.status_code == 422
    assert DE.opening_crisis in refused.json["safety"]["message"]
    stranger = client.post("/v1/check-ins", json=phq9(3), headers={"Accept-Language": "fr-CA"})
    assert stranger.status_code == 401
    assert FR.not_received in stranger.json["safety"]["monitoring"]
    assert "This did not reach your clinic" in stranger.json["safety"]["monitoring"]


def test_the_forms_and_side_effects_are_in_the_language_and_say_so(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    headers = asking(pat, "es")
    daily = client.get("/v1/instruments/phq9-daily", headers=headers)
    own, english = TEXTS["es"].form_texts["phq9-daily"].prompt, "Thinking of the last 24 hours"
    assert daily.json["prompt"].startswith(f"{own} / {english}")
    assert daily.headers["Content-Language"] == "es, en"
    assert "Accept-Language" in daily.vary
    assert (
        client.get("/v1/instruments/phq9-daily", headers=pat.headers).headers["ETag"]
        != (daily.headers["ETag"])
    )
    phq9_title = client.get("/v1/instruments/phq9", headers=headers).json["title"]
    assert phq9_title == "PHQ-9 (solo en inglés)"
    assert review(client, clinic.admin, "es").status_code == 200
    codes = client.get("/v1/side-effects/codes", headers=headers)
    assert codes.headers["Content-Language"] == "es"
    labels = {one["code"]: one["label"] for one in codes.json["effects"]}
    assert labels == dict(TEXTS["es"].effect_labels)
    assert codes.json["grades"][3]["label"] == TEXTS["es"].grade_labels["4"]


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("", ()),
        ("de;q=0.5, fr;q=0.5, en", ("en", "de", "fr")),
        ("de;q=0, *;q=0.1", ()),
        ("de;q=high, fr", ("fr",)),
        (",;;q=,", ()),
    ],
)
def test_the_header_is_read_in_its_own_order(header: str, tags: tuple[str, ...]) -> None:
    assert tuple(tag for tag in languages_of(header) if tag) == tags
