"""What the patient agreed to, and entering for them that they signed it, or take it back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from flask import Response

from api.browser.session import reader
from api.console.patient.entering.fields import Field
from api.console.patient.entering.form import EntryForm, corrected, filled_from, shown
from api.console.shell import clock, shows, takes
from api.http.auth import now
from schemas.base import Strict, language, one_of
from services.access import Action, Actor
from services.consent.giving import NewConsent, accept, withdraw
from services.consent.listing import list_consents
from services.exceptions import Invalid, NotFound
from services.rules.languages.texts import TEXTS
from services.seen import name_of

PATH: Final = "/patients/<uuid:patient_id>/enter/consent"
LISTED: Final = 50
WITHDRAWN_MEANS: Final = (
    "After a withdrawal their ordinary answers are not taken, nothing is due and silence is no"
    " alert. Calls for help and answers that may mean danger still come in and page."
)


class ConsentEntryIn(Strict):
    """The form: what the patient decided, and in which language they read it."""

    decision = one_of(("accepted", "withdrawn"), required=True)
    language = language(required=True)


@shows(PATH, Action.CONSENT)
def show_consent(patient_id: UUID) -> Response:
    """What is on file, the text in force, and the form."""
    known = _known(patient_id)
    return shown(filled_from(_form(patient_id, known), _stands(known)))


@takes(PATH, Action.CONSENT)
def post_consent(patient_id: UUID) -> Response:
    """Enter it for the patient."""
    known = _known(patient_id)

    def save(actor: Actor, body: dict[str, Any]) -> None:
        if body["decision"] == "accepted":
            version = known["in_force"]["version"]
            accept(actor, NewConsent(version, body["language"], patient_id), now())
        elif known["standing"]["status"] == "accepted":
            withdraw(actor, known["standing"]["consent_id"], now())
        else:
            raise Invalid({"decision": ["There is no consent to withdraw."]})

    form = _form(patient_id, known)
    return corrected(form, ConsentEntryIn(), _stands(known), save, whole=True)


def _stands(known: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows: nothing is decided about a text that is newer than what was signed."""
    standing = known["standing"]
    decided = standing["status"] == "withdrawn" or standing["to_accept"] is None
    read_in = known["items"][0]["language"] if known["items"] else "en"
    return {"decision": standing["status"] if decided else "", "language": read_in}


def _known(patient_id: UUID) -> dict[str, Any]:
    found = list_consents(reader().actor, patient_id, LISTED, None, now())
    if found["standing"] is None:
        raise NotFound
    return found


def _form(patient_id: UUID, known: Mapping[str, Any]) -> EntryForm:
    version = known["in_force"]["version"]
    decisions = [
        ("accepted", f"Signed version {version}"),
        ("withdrawn", "Withdraw it"),
    ]
    languages = [(code, texts.name) for code, texts in TEXTS.items()]
    asked = (
        Field("decision", "What they decided", "choice", decisions, required=True, empty="–"),
        Field("language", "In which language they read it", "choice", languages, required=True),
    )
    return EntryForm(
        patient_id,
        "consent",
        "Consent",
        asked,
        makes=False,
        version=name_of(known["standing"]),
        intro=[*_lines(known)],
        patient_reads=[*_text(known)],
    )


def _lines(known: Mapping[str, Any]) -> Iterator[str]:
    """The history, newest first, and what a withdrawal means."""
    for one in known["items"]:
        name = TEXTS[one["language"]].name
        until = one["withdrawn_at"]
        end = f"; withdrawn {clock().at(until)}" if until else ""
        yield f"Version {one['version']} ({name}): agreed {clock().at(one['accepted_at'])}{end}."
    if not known["items"]:
        yield "Nothing is on file: their answers are taken as always."
    yield WITHDRAWN_MEANS


def _text(known: Mapping[str, Any]) -> Iterator[str]:
    """The text that is signed now."""
    for text in known["in_force"]["texts"]:
        yield f"The text of version {known['in_force']['version']}: {text['title']}"
        yield from text["paragraphs"]
