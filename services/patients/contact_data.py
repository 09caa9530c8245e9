"""What staff need to reach a patient."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def pack_emergency_contact(contact: Mapping[str, Any] | None) -> str | None:
    """`{name, phone, relation}` as the text that is kept encrypted."""
    return None if contact is None else json.dumps(dict(contact), ensure_ascii=False)


def unpack_emergency_contact(kept: str | None) -> dict[str, Any] | None:
    """The emergency contact as it was given."""
    return None if kept is None else dict(json.loads(kept))


def is_contact_missing(phone: str | None, emergency_contact: str | None) -> bool:
    """Nobody can be called: neither the patient nor her emergency contact (as kept) has a phone
    number.
    """
    if phone:
        return False
    contact = unpack_emergency_contact(emergency_contact)
    return not (contact and contact.get("phone"))
