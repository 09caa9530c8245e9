"""The provider's answer: a code in the browser's hands becomes what the provider says of somebody.

Every check that may refuse stands here, in the order of RFC 9700 (2.1) and OpenID Connect Core 1.0
(3.1.2.7 to 3.1.3.7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import Any, Final
from uuid import UUID

from services import audit
from services.accounts.oidc.begin import made_from, spend
from services.accounts.oidc.discovery import Asker, Metadata
from services.accounts.oidc.id_token import checked_claims, values_of
from services.accounts.oidc.identities import digest_of
from services.accounts.oidc.providers import Provider, find_provider
from services.accounts.oidc.refusals import refused
from services.exceptions import SignInRefused
from services.unit_of_work import transaction

FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
LONGEST: Final = 20_000


@dataclass(frozen=True, slots=True)
class SignInAnswer:
    """What came back by the browser (`state`, `code`, `iss`, `error`), and the secret that it kept
    for a sign-in of this clinic. `back`: the address of ours that it was sent to.
    """

    clinic_id: UUID
    secret: str
    sent: Mapping[str, str]
    back: str


@dataclass(frozen=True, slots=True)
class Proved:
    """Somebody, as the clinic's provider says. `address`: verified there; `roles`: all that the
    clinic lets them be by the provider's claim, None where it maps none; `has_factor`: they have
    shown a second factor there that counts here; `set_at`: when the provider was set as it was.
    """

    clinic_id: UUID
    identity: bytes
    address: str | None
    roles: tuple[str, ...] | None
    has_factor: bool
    set_at: datetime | None


def take_answer(answer: SignInAnswer, asker: Asker, now: datetime) -> Proved:
    """Who it is. Raises `SignInRefused`, which the clinic's audit has once in 15 minutes for each
    reason; for an answer that was not asked for here it has nothing.
    """
    provider = find_provider(answer.clinic_id)
    state = made_from(answer.secret, "state")
    if not compare_digest(answer.sent.get("state", "").encode(), state.encode()):
        raise refused("other_state")
    if not spend(answer.clinic_id, answer.secret, now):
        raise refused("spent_state")
    try:
        return _proved(answer, provider, asker, now)
    except SignInRefused as error:
        record_refusal(answer.clinic_id, error, now)
        raise


def record_refusal(clinic_id: UUID, error: SignInRefused, now: datetime) -> None:
    """That somebody was refused, and why; whom it was about, where that is known."""
    reason, about = error.extra["reason"], error.extra.get("about", [])
    with transaction(clinic_id) as session:
        joined_as = (reason, *about)
        audit.record_once(session, joined_as, None, "sign_in_refused", now, about, reason=reason)


def _proved(answer: SignInAnswer, provider: Provider, asker: Asker, now: datetime) -> Proved:
    metadata = asker.metadata(provider.issuer, now)
    issuer = answer.sent.get("iss")
    if issuer != metadata.issuer and (issuer is not None or metadata.names_itself):
        raise refused("other_issuer")
    if not answer.sent.get("code"):
        raise refused("refused_there")
    tokens = _exchange(answer, provider, metadata, asker)
    nonce = made_from(answer.secret, "nonce")
    signed = checked_claims(tokens["id_token"], metadata, provider.client_id, nonce, asker, now)
    claims = _with_userinfo(signed, tokens, provider, metadata, asker)
    address = claims.get("email") if claims.get("email_verified") is True else None
    return Proved(
        clinic_id=answer.clinic_id,
        identity=digest_of(metadata.issuer, signed["sub"]),
        address=address if isinstance(address, str) and address.isprintable() else None,
        roles=_roles(provider, claims),
        has_factor=_has_factor(provider, signed),
        set_at=provider.set_at,
    )


def _exchange(
    answer: SignInAnswer, provider: Provider, metadata: Metadata, asker: Asker
) -> dict[str, str]:
    """The tokens for the code, which we alone can ask for: with our secret and the verifier."""
    from authlib.oauth2.auth import ClientAuth
    from authlib.oauth2.rfc6749.parameters import prepare_token_request

    asked = prepare_token_request(
        "authorization_code",
        redirect_uri=answer.back,
        code=answer.sent["code"],
        code_verifier=made_from(answer.secret, "verifier"),
    )
    client = ClientAuth(provider.client_id, provider.client_secret, metadata.method)
    url, headers, body = client.prepare("POST", metadata.token_endpoint, dict(FORM), asked)
    found = asker.exchange("POST", url, headers, body.encode())
    tokens = {
        name: text
        for name, text in found.document().items()
        if isinstance(text, str) and len(text) <= LONGEST and text.isascii() and text.isprintable()
    }
    if found.status != 200 or "id_token" not in tokens:
        raise refused("no_tokens")
    return tokens


def _with_userinfo(
    signed: dict[str, Any],
    tokens: Mapping[str, str],
    provider: Provider,
    metadata: Metadata,
    asker: Asker,
) -> dict[str, Any]:
    """The claims, with those that a provider gives out at its UserInfo alone."""
    has_roles = provider.claim is None or values_of(signed, provider.claim)
    is_enough = has_roles and "email" in signed
    if is_enough or metadata.userinfo_endpoint is None or "access_token" not in tokens:
        return signed
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    found = asker.exchange("GET", metadata.userinfo_endpoint, bearer)
    more = found.document() if found.status == 200 else {}
    # Core 5.3.2: it may be about somebody else.
    if more.get("sub") != signed["sub"]:
        return signed
    # That another address is verified says nothing about this one.
    if "email" in signed and more.get("email") != signed["email"]:
        more.pop("email_verified", None)
    return more | signed


def _roles(provider: Provider, claims: dict[str, Any]) -> tuple[str, ...] | None:
    if provider.claim is None:
        return None
    values = values_of(claims, provider.claim)
    return tuple(sorted({role for value in values for role in provider.roles.get(value, ())}))


def _has_factor(provider: Provider, signed: dict[str, Any]) -> bool:
    """By the signed token alone."""
    shown = {f"amr={value}" for value in values_of(signed, "amr")}
    shown |= {f"acr={value}" for value in values_of(signed, "acr")}
    return not shown.isdisjoint(provider.factors)
