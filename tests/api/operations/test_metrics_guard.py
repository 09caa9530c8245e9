"""`/metrics` counts open alerts of a clinic: only for who shows the token, or from this machine."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.routes import operations

TOKEN = "scrape-7Zt0Lx4mVb"
PROXY = (ip_network("127.0.0.1/32"),)


def scrape(client: FlaskClient, peer: str = "127.0.0.1", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get("/metrics", headers=named, environ_overrides={"REMOTE_ADDR": peer})


@pytest.fixture
def set_to(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    def change(**settings: Any) -> None:
        changed = replace(app.config["INTERLUDE"], **settings)
        monkeypatch.setitem(app.config, "INTERLUDE", changed)

    return change


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_may_ask_without_a_token(client: FlaskClient, peer: str) -> None:
    answer = scrape(client, peer)
    assert answer.status_code == 200
    assert "interlude_database_up" in answer.text


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("192.0.2.7", {}),
        ("2001:db8::1", {}),
        ("", {}),
        ("192.0.2.7", {"X_Forwarded_For": "127.0.0.1"}),
        ("127.0.0.1", {"X_Forwarded_For": "192.0.2.7"}),  # a proxy that nobody has named
        ("192.0.2.7", {"Authorization": f"Bearer {TOKEN}x"}),
        ("192.0.2.7", {"Authorization": f"Bearer {TOKEN[:-1]}"}),
        ("192.0.2.7", {"Authorization": TOKEN}),
        ("192.0.2.7", {"Authorization": f"Basic {TOKEN}"}),
        ("192.0.2.7", {"Authorization": "Bearer "}),
        ("192.0.2.7", {"Authorization": "Bearer \u00e9"}),
    ],
)
def test_anybody_else_is_refused_before_anything_is_counted(
    client: FlaskClient,
    set_to: Any,
    monkeypatch: pytest.MonkeyPatch,
    peer: str,
    headers: dict[str, str],
) -> None:
    monkeypatch.setattr(operations, "safety", None)  # it would fail
    for token in (TOKEN, ""):
        set_to(metrics_token=token)
        answer = scrape(client, peer, **headers)
        assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "interlude_" not in answer.text


def test_behind_proxies_only_the_token_counts(client: FlaskClient, set_to: Any) -> None:
    set_to(trusted_proxies=PROXY, metrics_token=TOKEN)
    assert scrape(client).status_code == 401
    assert scrape(client, X_Forwarded_For="127.0.0.1").status_code == 401
    for scheme in ("Bearer", "bearer"):
        answer = scrape(client, X_Forwarded_For="192.0.2.7", Authorization=f"{scheme} {TOKEN}")
        assert answer.status_code == 200
    assert scrape(client, "192.0.2.7", Authorization=f"Bearer {TOKEN}").status_code == 200
