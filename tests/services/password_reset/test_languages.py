"""The letter with the code, in the language of whoever reads it."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from models import Clinic
from services.rules.languages.texts import TEXTS
from services.unit_of_work import transaction
from tests.services.password_reset.scene import ResetScene


@pytest.mark.parametrize(
    ("role", "own", "clinics", "reviewed", "subjects"),
    [
        ("patient", "de", None, False, ["de", "en"]),
        ("patient", "de", "fr", True, ["de"]),
        ("patient", None, "fr", False, ["fr", "en"]),
        ("patient", None, None, False, ["en"]),
        ("clinician", "de", "fr", False, ["en"]),
    ],
)
def test_a_patient_reads_it_in_their_language_and_staff_in_english(
    scene: ResetScene,
    role: str,
    own: str | None,
    clinics: str | None,
    reviewed: bool,
    subjects: list[str],
) -> None:
    person = scene.person(role)
    scene.set_account(person, language=own)
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        reviews = {"de": {"version": TEXTS["de"].version, "name": "Dr. Quagga"}}
        set_ = {"language": clinics, "reviewed_texts": reviews if reviewed else {}}
        session.execute(update(Clinic).where(Clinic.id == scene.clinic.id).values(**set_))
    assert scene.ask(person.email) == "asked"
    scene.work()
    (mail,) = scene.server.inbox
    words = " / ".join(TEXTS[language].letters["password_subject"] for language in subjects)
    assert mail["Subject"] == f"[Interlude] {words}"
    (code,) = scene.codes()
    assert str(mail.get_content()).count(code) == len(subjects)
