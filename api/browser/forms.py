"""What a form of a page sends, through the schemas of the API."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import request
from marshmallow import Schema, ValidationError

from api.http.problems import flatten
from services.exceptions import Invalid

NOBODY: Final = UUID(int=0)


def loaded(schema: Schema, *names: str) -> dict[str, Any]:
    """These fields of the form through the schema of the API; raises `Invalid`."""
    # Browsers count a line's end as one letter and send two.
    given = {name: request.form.get(name, "").replace("\r\n", "\n").strip() for name in names}
    sent = {name: value for name, value in given.items() if value}
    if "password" in names:
        sent["password"] = request.form.get("password", "")
    return checked(schema, sent)


def checked(schema: Schema, sent: dict[str, Any]) -> dict[str, Any]:
    """What was sent, as the schema of the API takes it; raises `Invalid`."""
    try:
        found: dict[str, Any] = schema.load(sent)
    except ValidationError as error:
        raise Invalid(flatten({"form": error.messages})) from error
    return found


def known(text: str) -> UUID:
    """The id of a path; whatever is no id names nothing, like an unknown one."""
    try:
        return UUID(text)
    except ValueError:
        return NOBODY


def nested(*names: str) -> dict[str, Any]:
    """What was filled in of these fields: `patient.phone` stands under `patient`."""
    found: dict[str, Any] = {}
    for name in names:
        value = request.form.get(name, "").replace("\r\n", "\n").strip()
        if not value:
            continue
        *path, last = name.split(".")
        place = found
        for part in path:
            place = place.setdefault(part, {})
        place[last] = value
    return found


def lines_of(name: str) -> list[str]:
    """The lines of a field that are not empty."""
    return [line.strip() for line in request.form.get(name, "").splitlines() if line.strip()]


class Filled(dict[str, Any]):
    """What was typed, or what was wrong with it, by field; empty for every other field."""

    def __missing__(self, _name: str) -> str:
        return ""
