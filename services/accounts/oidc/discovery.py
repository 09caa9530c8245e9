"""What a provider says of itself and its keys: asked when needed, within a bounded time and by few
threads at once, and kept for ten minutes.

The standard's discovery (OpenID Connect Discovery 1.0) and RFC 9207.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from services.accounts.oidc.refusals import DOWN, refused
from services.channels.base import ChannelError
from services.channels.exchange import Caller, ProviderAnswer
from services.exceptions import SignInRefused, Unavailable
from services.turns import Turns

WELL_KNOWN: Final = "/.well-known/openid-configuration"
# Ours to name: never `none`, and nothing that is signed with a secret.
ALGORITHMS: Final = ("RS256", "ES256")
METHODS: Final = ("client_secret_basic", "client_secret_post")
TIMEOUT_S: Final = 5.0
KEPT_FOR: Final = timedelta(minutes=10)
# After one that did not answer, and for a key that is not among those that are known.
AGAIN_AFTER: Final = timedelta(seconds=10)
# A provider that is slow must not take every thread.
ASKING: Final = Turns(at_once=2, waiting=2)
HEADERS: Final = {"Accept": "application/json", "User-Agent": "interlude"}


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is used of a provider's own description. `names_itself`: its answers carry `iss`."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    algorithms: tuple[str, ...]
    method: str
    names_itself: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """A document, or None where nothing came."""

    at: datetime
    content: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks providers. `private`: also those in our own networks (as for webhooks)."""

    private: bool
    kept: dict[str, Kept] = field(default_factory=dict)

    def exchange(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> ProviderAnswer:
        """One request. Raises `SignInRefused` when nothing came back, or too many are waiting."""
        try:
            with ASKING.turn():
                caller = Caller("oidc", TIMEOUT_S, self.private)
                return caller.exchange(method, url, HEADERS | dict(headers), content)
        except (ChannelError, Unavailable) as error:
            raise refused(DOWN) from error

    def metadata(self, issuer: str, now: datetime) -> Metadata:
        """Its description. Raises `SignInRefused` when it is another's, or is not enough."""
        found = self._document(issuer.rstrip("/") + WELL_KNOWN, now)
        return _metadata(found, issuer)

    def keys(self, metadata: Metadata, kid: str | None, now: datetime) -> list[dict[str, Any]]:
        """Its public keys; fetched anew for a key that is not among them, every 10 s at most."""
        keys = _signing_keys(self._document(metadata.jwks_uri, now))
        if kid is not None and not any(key.get("kid") == kid for key in keys):
            keys = _signing_keys(self._document(metadata.jwks_uri, now, keep=AGAIN_AFTER))
        return keys

    def _document(self, url: str, now: datetime, keep: timedelta = KEPT_FOR) -> dict[str, Any]:
        kept = self.kept.get(url)
        # A clock that was set back keeps nothing for longer.
        age = KEPT_FOR if kept is None else abs(now - kept.at)
        if kept is None or age >= (AGAIN_AFTER if kept.content is None else keep):
            kept = Kept(now, self._fetched(url))
            self.kept[url] = kept
        if kept.content is None:
            raise refused(DOWN)
        return kept.content

    def _fetched(self, url: str) -> dict[str, Any] | None:
        try:
            answer = self.exchange("GET", url, {})
        except SignInRefused:
            return None
        return (answer.document() or None) if answer.status == 200 else None


def is_address(url: str, *, near: bool = True) -> bool:
    """May a provider be at this address? Over TLS; without it on this machine alone (`near`)."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (near and parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _metadata(found: Mapping[str, Any], issuer: str) -> Metadata:
    if found.get("issuer") != issuer:
        raise refused("other_issuer")
    near = issuer.startswith("http:")
    needed = {
        name: found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
    }
    if not all(isinstance(url, str) and is_address(url, near=near) for url in needed.values()):
        raise refused("bad_metadata")
    userinfo = found.get("userinfo_endpoint")
    is_asked = isinstance(userinfo, str) and is_address(userinfo, near=near)
    # OpenID Connect Discovery 1.0, 3: what stands for a list that is left out.
    theirs = found.get("id_token_signing_alg_values_supported", ["RS256"])
    methods = found.get("token_endpoint_auth_methods_supported", [*METHODS[:1]])
    if not (isinstance(theirs, list) and isinstance(methods, list)):
        raise refused("bad_metadata")
    algorithms = tuple(one for one in ALGORITHMS if one in theirs)
    method = next((one for one in METHODS if one in methods), None)
    if not algorithms or method is None:
        raise refused("bad_metadata")
    return Metadata(
        issuer=issuer,
        userinfo_endpoint=userinfo if is_asked else None,
        algorithms=algorithms,
        method=method,
        names_itself=found.get("authorization_response_iss_parameter_supported") is True,
        **{name: str(url) for name, url in needed.items()},
    )


def _signing_keys(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    keys = found.get("keys")
    return [
        key
        for key in (keys if isinstance(keys, list) else [])
        if isinstance(key, dict)
        and key.get("kty") in ("RSA", "EC")
        and key.get("use", "sig") == "sig"
    ]
