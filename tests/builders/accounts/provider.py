"""A provider of sign-ins that does as it is told, also what no honest one does."""

from __future__ import annotations

import base64
import hmac
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from uuid import UUID

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from werkzeug.test import TestResponse

from services.accounts.oidc.discovery import Asker
from services.accounts.oidc.providers import Provider, set_provider
from services.clock import utcnow
from tests.builders.pages.console import Console
from tests.builders.world import ClinicWorld, Person

CLIENT = "interlude-at-quagga"
SECRET = "a secret of quaggas"


@cache
def signing_key(name: str = "ours") -> RSAKey:
    """All of them call themselves alike: another one is no other name."""
    assert name
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


@cache
def curve_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "two", "use": "sig"})


Sign = Callable[[dict[str, Any]], str]


def signed(claims: dict[str, Any]) -> str:
    """As it should be."""
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, signing_key())


def signed_by(key: RSAKey | ECKey | OctKey, **header: str) -> Sign:
    """By this key, with this header."""
    return lambda claims: jwt.encode(header, claims, key, algorithms=[header["alg"]])


def unsigned(claims: dict[str, Any]) -> str:
    """`none`, as the attack goes."""
    return f"{_by_hand('none', claims)}."


def with_public_key(claims: dict[str, Any]) -> str:
    """HMAC, keyed with what everybody knows. By hand: no library of today helps with it."""
    content = _by_hand("HS256", claims)
    key = signing_key().as_pem(private=False)
    return f"{content}.{_coded(hmac.digest(key, content.encode(), 'sha256'))}"


def _by_hand(algorithm: str, claims: dict[str, Any]) -> str:
    header = {"alg": algorithm, "kid": "one", "typ": "JWT"}
    return ".".join(_coded(json.dumps(part).encode()) for part in (header, claims))


def _coded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class ScriptedProvider:
    """`sign`, `claims`, `metadata` and `userinfo` are what a test changes; None takes one out."""

    port: int = 0
    sign: Sign = signed
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    keys: list[Any] = field(default_factory=lambda: [signing_key(), curve_key()])
    asked: Counter[str] = field(default_factory=Counter)
    codes: dict[str, tuple[dict[str, str], dict[str, Any]]] = field(default_factory=dict)
    down: bool = False

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def authorize(self, address: str, sub: str = "ada", **claims: Any) -> str:
        """Somebody signs in there: where their browser is sent, below our `/console`."""
        asked = dict(parse_qsl(urlsplit(address).query))
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked, {"sub": sub, **claims}
        back = urlsplit(asked["redirect_uri"]).path.removeprefix("/console")
        return f"{back}?{urlencode({'code': code, 'state': asked['state']})}"

    def answer(self, path: str, headers: Mapping[str, str], body: str) -> tuple[int, Any]:
        self.asked[path] += 1
        if self.down:
            return 500, {}
        if path == "/.well-known/openid-configuration":
            return 200, changed(self._described(), self.metadata)
        if path == "/jwks":
            public = [key.as_dict(private=False) for key in self.keys]
            return 200, {"keys": [*public, {"kty": "quagga"}]}
        if path == "/userinfo":
            return 200, self.userinfo or {}
        return self._tokens(headers, {name: one[0] for name, one in parse_qs(body).items()})

    def _described(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?of=quaggas",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "RS512", "none"],
        }

    def _tokens(self, headers: Mapping[str, str], sent: dict[str, str]) -> tuple[int, Any]:
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked, claims = self.codes.pop(sent.get("code", ""), ({}, {}))
        proof = create_s256_code_challenge(sent.get("code_verifier", ""))
        right = (
            headers["Authorization"] == f"Basic {basic}"
            and sent["grant_type"] == "authorization_code"
            and (asked.get("code_challenge"), asked.get("code_challenge_method")) == (proof, "S256")
            and asked.get("redirect_uri") == sent["redirect_uri"]
        )
        if not right:
            return 400, {"error": "invalid_grant"}
        seconds = int(utcnow().timestamp())
        token = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": seconds,
            "exp": seconds + 300,
            "nonce": asked["nonce"],
        }
        signed_token = self.sign(changed(token | claims, self.claims))
        return 200, {"id_token": signed_token, "access_token": "a-token", "token_type": "Bearer"}


def changed(content: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """What is None goes."""
    return {name: value for name, value in (content | changes).items() if value is not None}


@contextmanager
def scripted_provider() -> Iterator[ScriptedProvider]:
    """It listens for the length of a block."""
    provider = ScriptedProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            status, found = provider.answer(self.path, dict(self.headers), body)
            content = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815 -- http.server's name

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def lets_sign_in(clinic: ClinicWorld, issuer: str, **fields: Any) -> None:
    """The operator sets the clinic's provider; nothing that was known of it is kept."""
    forget(clinic.app)
    wanted = {"name": "Quagga Hospital", "client_id": CLIENT, "client_secret": SECRET} | fields
    with clinic.app.app_context():
        set_provider(clinic.id, Provider(issuer=issuer, **wanted), Asker(private=True), utcnow())


def forget(app: Flask) -> None:
    """What the application keeps of providers."""
    app.extensions.pop("oidc_asker", None)


def begun_at(clinic_id: UUID, wanted: str = "") -> str:
    """Where the button leads, below `/console`."""
    return f"/oidc/{clinic_id}/begin?{urlencode({'wanted': wanted})}"


def sign_in(
    console: Console,
    clinic: ClinicWorld,
    provider: ScriptedProvider,
    wanted: str = "",
    **claims: Any,
) -> TestResponse:
    """From the button to the first page."""
    went = console.open(begun_at(clinic.id, wanted), follow=False)
    assert went.status_code == 303
    back = provider.authorize(went.headers["Location"], **claims)
    return console.open(back, follow=False)


def vouched(person: Person) -> dict[str, Any]:
    """What a provider says of somebody's address."""
    return {"email": person.email.upper(), "email_verified": True}
