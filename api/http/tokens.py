"""Grants on the wire."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from api.http.auth import encode_pair, read_token
from services.accounts.families import Grant
from services.accounts.profile import Profile
from services.accounts.refresh import Presented


def pair_of(grant: Grant) -> dict[str, Any]:
    """The two tokens; the same grant gives the same bytes."""
    return encode_pair(grant.actor, grant.issued_at, grant.lifetime)


def login_of(grant: Grant) -> dict[str, Any]:
    """The answer to a log-in: the tokens and whose they are."""
    return {**pair_of(grant), "user": me_of(grant.profile)}


def me_of(profile: Profile) -> dict[str, Any]:
    """An account as its owner sees it."""
    shown = {
        "id": profile.id,
        "email": profile.email,
        "name": profile.name,
        "roles": profile.roles,
        "clinic_id": profile.clinic_id,
        "timezone": profile.timezone,
    }
    return shown if profile.patient_id is None else {**shown, "patient_id": profile.patient_id}


def presented_refresh_token() -> Presented:
    """The refresh token in the Authorization header; raises `Unauthenticated`.

    How long it lives is the family's business: its last use counts, not this token's date.
    """
    claims = read_token("refresh")
    names = {
        "clinic_id": "clinic_id",
        "user_id": "sub",
        "family_id": "family_id",
        "pair_id": "pair_id",
    }
    return Presented(**{name: UUID(claims[claim]) for name, claim in names.items()})
