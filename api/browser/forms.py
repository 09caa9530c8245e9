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
