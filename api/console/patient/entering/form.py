"""One form about a patient: what it shows, and what becomes of what it sends.

Saved, it goes on by GET, so that nothing is sent twice; refused, it comes back with the words at
their fields and everything that was typed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Any, Final
from uuid import UUID

from flask import Response, request
from marshmallow import Schema

from api.browser.forms import checked
from api.browser.once import MEANWHILE, SENT_BEFORE, shown_form_id
from api.browser.session import reader
from api.console.patient.entering.fields import (
    Field,
    TypedFields,
    changes,
    document,
    stored_in,
    typed_in,
    under_their_fields,
)
from api.console.shell import at, back_to, page
from api.http.auth import now
from api.http.problems import problem_of
from services.access import Actor
from services.caseload.patient.profile import get_patient
from services.exceptions import (
    ChangedMeanwhile,
    ContentConflict,
    IdTaken,
    Invalid,
    NotFollowed,
    OpenAlertExists,
    ServiceError,
)
from services.rules.mood_days import find_zone

# What a form says in its own place; other refusals have a page.
SAYS: Final = (ContentConflict, IdTaken, NotFollowed, OpenAlertExists)
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EntryForm:
    """`name`: what is said when it is saved; `back`: where it goes on, below `/console`; `zone`:
    the clock of its times; `version`: of the record that it corrects, else of what stood in its
    fields; `makes`: the record gets an id of the form's, so that it is made once however often it
    is sent; `aligned`: many short fields, each beside its label; `patient_reads`: what the patient
    reads, its title first.
    """

    patient_id: UUID
    name: str
    title: str
    fields: Sequence[Field]
    submit: str = "Save"
    back: str = ""
    zone: tzinfo = UTC
    makes: bool = True
    version: int | str | None = None
    intro: Sequence[str] = ()
    aligned: bool = False
    patient_reads: Sequence[str] = ()
    typed: TypedFields = field(default_factory=TypedFields)

    @property
    def destination(self) -> str:
        """Where it goes on."""
        return self.back or f"/patients/{self.patient_id}"

    def with_typed(self, typed: TypedFields) -> EntryForm:
        """The same with this in its fields."""
        return replace(self, typed=typed)


def shown(
    form: EntryForm, status: int = 200, errors: Mapping[str, Sequence[str]] | None = None
) -> Response:
    """The form's page, under the patient's name."""
    patient = get_patient(reader().actor, form.patient_id, now())
    is_spent = SENT_BEFORE in (errors or {}).get("", ())
    return page(
        "patient/form.html",
        status,
        form=form,
        patient=patient,
        patient_path=at(f"/patients/{form.patient_id}"),
        action=at(request.full_path.rstrip("?").removeprefix("/console")),
        back=at(form.destination),
        errors=errors,
        names=[each.name for each in form.fields],
        record_id=shown_form_id(again=not is_spent) if form.makes else None,
    )


def sent(
    form: EntryForm,
    schema: Schema,
    save: Callable[[Actor, Body], Any],
    shape: Callable[[Body], Body] = dict,
    **fixed: Any,
) -> Response:
    """What was typed, through the schema of the API, to the service; then on. `shape`: makes of it
    what the API takes; `fixed`: what the address says.
    """
    typed = typed_in(form.fields, request.form)
    body = shape(document(form.fields, typed, form.zone)) | fixed
    if form.makes:
        body["id"] = request.form.get("id", "")
    return _tried(form.with_typed(typed), lambda: save(reader().actor, checked(schema, body)))


def corrected(
    form: EntryForm,
    schema: Schema,
    record: Mapping[str, Any],
    save: Callable[[Actor, Body], Any],
    *,
    whole: bool = False,
    **fixed: Any,
) -> Response:
    """The same for a record that is there: what was changed is sent, or all of it (`whole`)."""
    before = stored_in(form.fields, record, form.zone)
    typed = typed_in(form.fields, request.form)
    filled = replace(form, typed=typed, version=_version(form, before))
    differs = _now_stands(form, typed, before)
    if not differs:
        # Nothing is to be changed: the same form again, perhaps.
        return back_to(f"{form.destination}?done={form.name}")
    if request.form.get("version") != str(filled.version):
        return shown(filled, 409, {"": [MEANWHILE], **differs})
    body = changes(form.fields, typed, before, form.zone)
    if whole:
        body = document(form.fields, typed, form.zone)
    body |= fixed
    return _tried(filled, lambda: save(reader().actor, checked(schema, body)))


def compared(correct: Callable[[], Response]) -> Response:
    """Correct a record that its service compares once more, under its lock: whoever was overtaken
    between the look and the lock is shown what stands there by then.
    """
    try:
        return correct()
    except ChangedMeanwhile:
        return correct()


def filled_from(form: EntryForm, record: Mapping[str, Any]) -> EntryForm:
    """The form with a record in its fields."""
    stored = stored_in(form.fields, record, form.zone)
    version = form.version if form.makes else _version(form, stored)
    return replace(form, typed=stored, version=version)


def _version(form: EntryForm, stored: TypedFields) -> int | str:
    """The record's own; of one that counts none a name of what stands in the fields."""
    if form.version is not None:
        return form.version
    many = {name: sorted(values) for name, values in stored.many.items()}
    return hashlib.sha256(repr((dict(stored.one), many)).encode()).hexdigest()[:16]


def _now_stands(form: EntryForm, typed: TypedFields, stored: TypedFields) -> dict[str, list[str]]:
    """At each field that would be overwritten what stands there by now."""
    found = {}
    for each in form.fields:
        named = dict(each.options)
        there = stored.many.get(each.name, [stored.one.get(each.name, "")])
        if sorted(there) != sorted(typed.many.get(each.name, [typed.one.get(each.name, "")])):
            words = ", ".join(named.get(one, one) for one in there if one)
            found[each.name] = [f"There is now: {words or 'nothing'}."]
    return found


def _tried(form: EntryForm, save: Callable[[], Any]) -> Response:
    try:
        save()
    except ChangedMeanwhile:
        raise
    except Invalid as error:
        return shown(form, 422, under_their_fields(form.fields, error.errors))
    except SAYS as error:
        return shown(form, problem_of(error)["status"], {"": [_words(error)]})
    return back_to(f"{form.destination}?done={form.name}")


def _words(error: ServiceError) -> str:
    return SENT_BEFORE if isinstance(error, ContentConflict) else error.detail


def zone_of(name: str | None) -> tzinfo:
    """A zone by its name; an unknown one is UTC."""
    return find_zone(name or "") or UTC
