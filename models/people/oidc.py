"""Sign-in with a clinic's own provider (OpenID Connect): whose it is, what was begun, and which
account an identity opens.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from models.base import (
    EMPTY_OBJECT,
    EMPTY_STRINGS,
    Base,
    Json,
    OfClinic,
    Strings,
    of_clinic,
    of_known_clinic,
)
from models.encryption import EncryptedText


class OidcProvider(OfClinic, Base):
    """The clinic's one provider. `roles`: what a value of `claim` may open, `{value: [role]}`;
    `factors`: what counts as a second factor when the provider says it (`amr=otp`, `acr=…`).
    """

    __tablename__ = "oidc_providers"
    __table_args__ = (of_known_clinic(),)

    name: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str]
    client_secret: Mapped[str] = mapped_column(EncryptedText("oidc_providers.client_secret"))
    scope: Mapped[str]
    claim: Mapped[str | None]
    roles: Mapped[Json] = mapped_column(server_default=EMPTY_OBJECT)
    factors: Mapped[Strings] = mapped_column(server_default=EMPTY_STRINGS)
    changed_at: Mapped[datetime]


class OidcSignIn(OfClinic, Base):
    """A sign-in that was begun in one browser; the row goes with its first answer."""

    __tablename__ = "oidc_sign_ins"
    __table_args__ = (of_known_clinic(),)

    secret_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    begun_at: Mapped[datetime]


class OidcIdentity(OfClinic, Base):
    """The one identity (issuer and subject, by keyed digest) that opens an account."""

    __tablename__ = "oidc_identities"
    __table_args__ = (
        of_clinic("user_id", "users"),
        Index(
            "uq_oidc_identities_clinic_id_identity_digest",
            "clinic_id",
            "identity_digest",
            unique=True,
        ),
    )

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    identity_digest: Mapped[bytes] = mapped_column(LargeBinary)
    linked_at: Mapped[datetime]
