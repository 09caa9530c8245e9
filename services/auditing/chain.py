"""One chain of all clinics' entries, each hashed over the one before it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from services.audit import canonical

# What stands before the first entry.
BEGIN: Final = hashlib.sha256(b"interlude audit chain").digest()
CHAINED: Final = (
    "clinic_id",
    "id",
    "at",
    "actor_id",
    "action",
    "patient_id",
    "object_id",
    "about_ids",
    "detail_mac",
    "seq",
    "sealed_at",
)


def link(before: bytes, entry: Mapping[str, Any]) -> bytes:
    """SHA-256 over the hash before and all that is chained of the entry, as canonical JSON."""
    content = {name: _plain(entry[name]) for name in CHAINED}
    return hashlib.sha256(before + canonical(content)).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    return [str(one) for one in value] if isinstance(value, list) else value
