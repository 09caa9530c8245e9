"""A clinic's provider: set by the operator, looked up by whoever signs in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import Clinic, OidcIdentity, OidcProvider, OidcSignIn
from models.sealing import sealed
from services import audit
from services.accounts.oidc.discovery import Asker, Metadata, is_address
from services.accounts.oidc.refusals import refused
from services.accounts.reader import STAFF_ROLES
from services.exceptions import Invalid, NotFound, SignInRefused
from services.unit_of_work import transaction

SCOPE: Final = "openid email"
LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Provider:
    """As it was set. `roles`: what a value of `claim` lets somebody be; without a claim the account
    alone decides. `factors`: what the provider says that counts as a second factor; `set_at`: of
    one that is kept.
    """

    name: str
    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = SCOPE
    claim: str | None = None
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    factors: Sequence[str] = ()
    set_at: datetime | None = None


def find_provider(clinic_id: UUID) -> Provider:
    """The clinic's; raises `NotFound` where it has none, or is none."""
    columns = (
        OidcProvider.name,
        OidcProvider.issuer,
        OidcProvider.client_id,
        OidcProvider.client_secret,
        OidcProvider.scope,
        OidcProvider.claim,
        OidcProvider.roles,
        OidcProvider.factors,
        OidcProvider.changed_at.label("set_at"),
    )
    with transaction(clinic_id) as session:
        row = session.execute(
            select(*columns).where(OidcProvider.clinic_id == clinic_id)
        ).one_or_none()
    if row is None:
        raise NotFound
    return Provider(**row._mapping)


def set_provider(clinic_id: UUID, provider: Provider, asker: Asker, now: datetime) -> Metadata:
    """Ask it who it is, and let the clinic's staff sign in with it from now on; what was begun
    before ends. Another issuer or client than before: every identity has to be linked anew.

    Raises `Invalid`, and `NotFound` for an unknown clinic.
    """
    _check(provider)
    try:
        metadata = asker.metadata(provider.issuer, now)
    except SignInRefused as error:
        raise Invalid({"issuer": [f"It is not to be used: {error.extra['reason']}."]}) from error
    values: dict[str, Any] = {
        "name": provider.name,
        "issuer": provider.issuer,
        "client_id": provider.client_id,
        "client_secret": provider.client_secret,
        "scope": provider.scope,
        "claim": provider.claim,
        "roles": {value: list(roles) for value, roles in provider.roles.items()},
        "factors": list(provider.factors),
        "changed_at": now,
    }
    with transaction(clinic_id) as session:
        if session.scalar(select(Clinic.id).where(Clinic.id == clinic_id)) is None:
            raise NotFound
        before = session.execute(
            select(OidcProvider.issuer, OidcProvider.client_id)
            .where(OidcProvider.clinic_id == clinic_id)
            .with_for_update()
        ).one_or_none()
        if before is not None and tuple(before) != (provider.issuer, provider.client_id):
            session.execute(delete(OidcIdentity).where(OidcIdentity.clinic_id == clinic_id))
        session.execute(delete(OidcSignIn).where(OidcSignIn.clinic_id == clinic_id))
        rows = insert(OidcProvider).values(sealed(OidcProvider, {"clinic_id": clinic_id, **values}))
        new = {name: rows.excluded[name] for name in values}
        session.execute(rows.on_conflict_do_update(index_elements=["clinic_id"], set_=new))
        audit.record(session, None, "sign_in_provider_set", now)
    return metadata


def remove_provider(clinic_id: UUID, now: datetime) -> None:
    """Nobody signs in with it any more, and no identity is linked; log-ins that are open go on.
    Raises `NotFound`.
    """
    with transaction(clinic_id) as session:
        # First: whoever enters by it holds it, and may link an identity until then.
        provider = delete(OidcProvider).where(OidcProvider.clinic_id == clinic_id)
        gone = session.scalar(provider.returning(OidcProvider.clinic_id))
        if gone is None:
            raise NotFound
        for table in (OidcIdentity, OidcSignIn):
            session.execute(delete(table).where(table.clinic_id == clinic_id))
        audit.record(session, None, "sign_in_provider_removed", now)


def check_unchanged(session: Session, clinic_id: UUID, set_at: datetime | None) -> None:
    """Whoever was named by a provider is let in while it is set as it was then, and it stays so
    until the commit. Raises `SignInRefused`.
    """
    kept = select(OidcProvider.changed_at).where(OidcProvider.clinic_id == clinic_id)
    if set_at is None or session.scalar(kept.with_for_update(read=True)) != set_at:
        raise refused("other_provider")


def _check(provider: Provider) -> None:
    wrong = {}
    if not is_address(provider.issuer):
        wrong["issuer"] = ["An https address, without user, password or fragment."]
    for name in ("name", "client_id", "client_secret"):
        if not 0 < len(getattr(provider, name).strip()) <= LONGEST:
            wrong[name] = ["Something of at most 1,000 letters."]
    if "openid" not in provider.scope.split():
        wrong["scope"] = ["It must have openid in it."]
    if (provider.claim is None) != (not provider.roles):
        wrong["roles"] = ["A claim and what its values mean, both or neither."]
    if any(role not in STAFF_ROLES for roles in provider.roles.values() for role in roles):
        wrong["roles"] = [f"Of {', '.join(STAFF_ROLES)}."]
    if any(not one.startswith(("amr=", "acr=")) for one in provider.factors):
        wrong["factors"] = ["amr=VALUE or acr=VALUE."]
    if wrong:
        raise Invalid(wrong)
