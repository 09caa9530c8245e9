"""What a form does it does once, however often it is sent, and an older one undoes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID, uuid4

from flask import request

from services.exceptions import Invalid

SENT_BEFORE: Final = (
    "This form was sent before with other content. Look it over, and send it again."
)
MEANWHILE: Final = "Somebody has changed this since you opened it. Look it over, and send it again."


def there_is_now(typed: Mapping[str, str], stored: Mapping[str, str]) -> dict[str, list[str]]:
    """What is said of a form that came too late, and at each field that it would overwrite."""
    late = {
        name: [f"There is now: {value or 'nothing'}."]
        for name, value in stored.items()
        if typed.get(name, "").replace("\r\n", "\n").strip() != value
    }
    return {"": [MEANWHILE], **late}


def seen_by_form() -> str:
    """The name of what stood in the form that was sent; of nothing, where it carries none."""
    return request.form.get("seen", "")


def new_form_id() -> str:
    """Of a form that is shown: what it makes is made once by it."""
    return str(uuid4())


def shown_form_id(*, again: bool) -> str:
    """Of a form that is shown; `again`: the one that was sent, as nothing has come of it."""
    return (request.form.get("id") if again else None) or new_form_id()


def sent_form_id() -> UUID | None:
    """Of the form that was sent; None of one that is older than these ids. Raises `Invalid`."""
    text = request.form.get("id", "")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Invalid({"id": ["Load the page again."]}) from None
