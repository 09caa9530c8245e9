"""What a sign-in refuses, row by row; for each the reason that the audit has.

The provider in these tests lies as it is told to; the honest one that others wrote is in
`test_sign_in.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import pytest
import time_machine
from flask import Flask
from joserfc.jwk import OctKey, RSAKey
from werkzeug.test import TestResponse

from services import audit
from services.clock import utcnow
from tests.builders.accounts.authenticator import enrol
from tests.builders.accounts.provider import (
    SECRET,
    ScriptedProvider,
    begun_at,
    curve_key,
    forget,
    lets_sign_in,
    scripted_provider,
    signed,
    signed_by,
    signing_key,
    unsigned,
    with_public_key,
)
from tests.builders.browser import give_password
from tests.builders.pages.console import ORIGIN, Console
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, Person, World

Changes = Mapping[str, Any]


def later(seconds: int) -> int:
    return int(utcnow().timestamp()) + seconds


# Of an answer that is right but for one thing: what the provider was told, and the reason.
ROWS: Final[Mapping[str, tuple[Callable[[], Changes], str]]] = {
    "signed by another key of the same name": (
        lambda: {"sign": signed_by(signing_key("theirs"), alg="RS256", kid="one")},
        "bad_token",
    ),
    "a key that is not published": (
        lambda: {"sign": signed_by(signing_key("theirs"), alg="RS256", kid="three")},
        "bad_token",
    ),
    "no signature": (lambda: {"sign": unsigned}, "bad_token"),
    "HMAC with the public key": (lambda: {"sign": with_public_key}, "bad_token"),
    "HMAC with our own secret": (
        lambda: {"sign": signed_by(OctKey.import_key(SECRET), alg="HS256", kid="one")},
        "bad_token",
    ),
    "an algorithm that is theirs and not ours": (
        lambda: {"sign": signed_by(signing_key(), alg="RS512", kid="one")},
        "bad_token",
    ),
    "an algorithm that is ours and not theirs": (
        lambda: {"sign": signed_by(curve_key(), alg="ES256", kid="two")},
        "bad_token",
    ),
    "a key that the token brings along": (
        lambda: {
            "sign": lambda claims: signed_by(
                signing_key("theirs"),
                alg="RS256",
                kid="one",
                jwk=signing_key("theirs").as_dict(private=False),  # type: ignore[arg-type]
            )(claims)
        },
        "bad_token",
    ),
    "no token at all": (lambda: {"sign": lambda _: ""}, "bad_token"),
    "half a token": (lambda: {"sign": lambda claims: signed(claims)[:-9]}, "bad_token"),
    "a header that is none": (lambda: {"sign": lambda _: "W10.e30.e30"}, "bad_token"),
    "dots alone": (lambda: {"sign": lambda _: ".."}, "bad_token"),
    "for another client": (lambda: {"claims": {"aud": "somebody-else"}}, "bad_token"),
    "for nobody": (lambda: {"claims": {"aud": None}}, "bad_token"),
    "for us among others, by nobody": (
        lambda: {"claims": {"aud": ["interlude-at-quagga", "other"]}},
        "bad_token",
    ),
    "for us, given to another": (lambda: {"claims": {"azp": "somebody-else"}}, "bad_token"),
    "of another issuer": (lambda: {"claims": {"iss": "https://evil.example"}}, "bad_token"),
    "of no issuer": (lambda: {"claims": {"iss": None}}, "bad_token"),
    "expired": (lambda: {"claims": {"exp": later(-180)}}, "bad_token"),
    "without an end": (lambda: {"claims": {"exp": None}}, "bad_token"),
    "not yet": (lambda: {"claims": {"nbf": later(180)}}, "bad_token"),
    "made in the future": (lambda: {"claims": {"iat": later(180)}}, "bad_token"),
    "made before this sign-in": (lambda: {"claims": {"iat": later(-900)}}, "old_token"),
    "a time that is a word": (lambda: {"claims": {"iat": "now"}}, "bad_token"),
    "another nonce": (lambda: {"claims": {"nonce": "another"}}, "bad_token"),
    "no nonce": (lambda: {"claims": {"nonce": None}}, "bad_token"),
    "about nobody": (lambda: {"claims": {"sub": None}}, "bad_token"),
    "about an empty name": (lambda: {"claims": {"sub": ""}}, "bad_token"),
    "about a number": (lambda: {"claims": {"sub": 7}}, "bad_token"),
    "a verified address that is not": (lambda: {"claims": {"email_verified": False}}, "no_account"),
    "verified in a word": (lambda: {"claims": {"email_verified": "true"}}, "no_account"),
    "nothing about verifying": (lambda: {"claims": {"email_verified": None}}, "no_account"),
    "an address in a list": (lambda: {"claims": {"email": ["a@b.example"]}}, "no_account"),
    "another name of the provider": (
        lambda: {"metadata": {"issuer": "https://evil.example"}},
        "other_issuer",
    ),
    "an answer that does not say whose it is": (
        lambda: {"metadata": {"authorization_response_iss_parameter_supported": True}},
        "other_issuer",
    ),
    "tokens from elsewhere, without TLS": (
        lambda: {"metadata": {"token_endpoint": "http://evil.example/token"}},
        "bad_metadata",
    ),
    "keys of the machine itself": (
        lambda: {"metadata": {"jwks_uri": "https://169.254.169.254/keys"}},
        "provider_down",
    ),
    "a list that is none": (
        lambda: {"metadata": {"id_token_signing_alg_values_supported": 7}},
        "bad_metadata",
    ),
    "no algorithm of ours": (
        lambda: {"metadata": {"id_token_signing_alg_values_supported": ["HS256", "none"]}},
        "bad_metadata",
    ),
}


@pytest.fixture
def ada(clinic: ClinicWorld) -> Person:
    """On the staff, with the address that the provider vouches for."""
    return clinic.staff()


def answered(
    console: Console, clinic: ClinicWorld, provider: ScriptedProvider, person: Person
) -> TestResponse:
    """Begin, sign in there as this person, and come back."""
    went = console.open(begun_at(clinic.id), follow=False)
    back = provider.authorize(went.headers["Location"], email=person.email, email_verified=True)
    return console.open(back, follow=False)


def is_in(console: Console) -> bool:
    """Is anybody logged in with this browser?"""
    return console.open("/alerts", follow=False).status_code == 200


@pytest.fixture
def reasons(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of every refusal that is recorded, also of one that joins an earlier entry."""
    found: list[str] = []
    record_once = audit.record_once

    def noting(*values: Any, **detail: Any) -> None:
        found.append(detail.get("reason", values[3]))
        record_once(*values, **detail)

    monkeypatch.setattr(audit, "record_once", noting)
    return found


def test_an_answer_that_is_wrong_in_one_thing_lets_nobody_in(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider, ada: Person, reasons: list[str]
) -> None:
    wrong = {}
    for row, (changes, reason) in ROWS.items():
        console, before = Console(app), vars(provider).copy()
        went = console.open(begun_at(clinic.id), follow=False)
        vars(provider).update(changes())
        forget(app)
        back = provider.authorize(went.headers["Location"], email=ada.email, email_verified=True)
        shown = console.open(back, follow=False)
        vars(provider).update(before)
        forget(app)
        found = (shown.status_code, is_in(console), reasons[-1:])
        if found != (401, False, [reason]):
            wrong[row] = found
        reasons.clear()
    assert wrong == {}
    assert rows(ada, "SELECT 1 FROM oidc_identities") == []
    assert answered(Console(app), clinic, provider, ada).status_code == 303


def test_an_answer_is_of_use_once_and_in_the_browser_that_asked(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider, ada: Person
) -> None:
    mallory, console = Console(app), Console(app)
    stolen = provider.authorize(
        mallory.open(begun_at(clinic.id), follow=False).headers["Location"], sub="mallory"
    )
    # CSRF at the log-in: the answer to somebody else, in a browser that has asked for none, and in
    # one that has.
    assert console.open(stolen, follow=False).status_code == 401
    own = console.open(begun_at(clinic.id), follow=False).headers["Location"]
    assert console.open(stolen, follow=False).status_code == 401
    assert provider.asked["/token"] == 0
    # What was refused is over: the own answer is of no use either, and the next one is.
    back = provider.authorize(own, email=ada.email, email_verified=True)
    assert console.open(back, follow=False).status_code == 401
    own = console.open(begun_at(clinic.id), follow=False).headers["Location"]
    back = provider.authorize(own, email=ada.email, email_verified=True)
    kept = cookie_of(console, clinic)
    assert console.open(back, follow=False).status_code == 303
    # Again, with the same cookie and a code that the provider would take.
    again = Console(app)
    again.client.set_cookie("interlude_oidc", kept, path=path_of(clinic))
    provider.authorize(own, email=ada.email, email_verified=True)
    asked = provider.asked["/token"]
    assert again.open(back.replace("code-1", "code-2"), follow=False).status_code == 401
    assert provider.asked["/token"] == asked
    assert not is_in(again)


def test_a_state_that_was_changed_is_refused(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider, ada: Person
) -> None:
    def another(back: str) -> str:
        return back[:-1] + ("A" if back[-1] != "A" else "B")

    for change in (another, lambda back: back.partition("&state")[0]):
        console = Console(app)
        own = console.open(begun_at(clinic.id), follow=False).headers["Location"]
        back = provider.authorize(own, email=ada.email, email_verified=True)
        assert console.open(change(back), follow=False).status_code == 401
    assert provider.asked["/token"] == 0


def test_an_answer_that_comes_too_late_is_refused(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider, ada: Person
) -> None:
    console = Console(app)
    own = console.open(begun_at(clinic.id), follow=False).headers["Location"]
    back = provider.authorize(own, email=ada.email, email_verified=True)
    kept = cookie_of(console, clinic)
    with time_machine.travel(utcnow() + timedelta(minutes=11)):
        assert console.open(back, follow=False).status_code == 401
        assert provider.asked["/token"] == 0
    assert kept


def test_an_answer_of_another_clinics_provider_is_none(
    app: Flask, world: World, clinic: ClinicWorld, provider: ScriptedProvider, ada: Person
) -> None:
    """Mix-up: whoever runs one provider wants to be let in, or be given a code, at the other."""
    other = world.clinic("South Clinic")
    with scripted_provider() as evil:
        lets_sign_in(other, evil.issuer)
        console = Console(app)
        went = console.open(begun_at(other.id), follow=False).headers["Location"]
        back = evil.authorize(went, email=ada.email, email_verified=True)
        here = back.replace(str(other.id), str(clinic.id))
        kept = cookie_of(console, other)
        console.client.set_cookie("interlude_oidc", kept, path=path_of(clinic))
        assert console.open(here, follow=False).status_code == 401
        assert (provider.asked["/token"], evil.asked["/token"]) == (0, 0)
        # At home it says who it is of, and no account there has the address.
        assert console.open(back, follow=False).status_code == 401
        assert evil.asked["/token"] == 1
        assert rows(other.admin, "SELECT 1 FROM oidc_identities") == []
        # A provider that says that the answer is another's is believed.
        own = console.open(begun_at(clinic.id), follow=False).headers["Location"]
        back = provider.authorize(own, email=ada.email, email_verified=True)
        assert console.open(f"{back}&iss={evil.issuer}", follow=False).status_code == 401
        own = console.open(begun_at(clinic.id), follow=False).headers["Location"]
        back = provider.authorize(own, email=ada.email, email_verified=True)
        assert console.open(f"{back}&iss={provider.issuer}", follow=False).status_code == 303


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil", "/x\r\ny"])
def test_nobody_is_led_elsewhere(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider, ada: Person, wanted: str
) -> None:
    console = Console(app)
    own = console.open(begun_at(clinic.id, wanted), follow=False).headers["Location"]
    back = provider.authorize(own, email=ada.email, email_verified=True)
    shown = console.open(f"{back}&wanted={wanted}", follow=False)
    assert (shown.status_code, shown.headers["Location"]) == (303, "/console")


def test_the_code_of_a_second_factor_needs_our_form(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider, ada: Person
) -> None:
    console = Console(app)
    give_password(ada)
    device = enrol(ada)
    assert answered(console, clinic, provider, ada).status_code == 401
    path = f"/console/oidc/{clinic.id}/code"
    sent = {"totp": device.code(), "csrf": console.token()}
    assert console.client.post(path, data=sent, base_url=ORIGIN).status_code == 403
    foreign = {"Origin": "https://evil.example"}
    posted = console.client.post(path, data=sent, base_url=ORIGIN, headers=foreign)
    assert posted.status_code == 403
    assert console.send(f"/oidc/{clinic.id}/code", totp=device.code()).status_code == 200


def test_many_who_begin_are_slowed_down(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider
) -> None:
    console = Console(app)
    with time_machine.travel(utcnow(), tick=False):
        found = [console.open(begun_at(clinic.id), follow=False).status_code for _ in range(62)]
    assert (found[:60], found[60:]) == ([303] * 60, [429] * 2)
    assert provider.asked["/.well-known/openid-configuration"] == 2


def test_a_provider_is_asked_for_its_keys_anew_and_not_for_every_token(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider, ada: Person
) -> None:
    console, start = Console(app), utcnow()
    with time_machine.travel(start, tick=False):
        assert answered(console, clinic, provider, ada).status_code == 303
        provider.sign = signed_by(signing_key("theirs"), alg="RS256", kid="three")
        for _ in range(5):
            assert answered(console, clinic, provider, ada).status_code == 401
    assert provider.asked["/jwks"] == 1
    rolled = RSAKey.generate_key(2048, {"kid": "three"})
    provider.keys, provider.sign = [rolled], signed_by(rolled, alg="RS256", kid="three")
    with time_machine.travel(start + timedelta(seconds=11), tick=False):
        assert answered(console, clinic, provider, ada).status_code == 303
    assert provider.asked["/jwks"] == 2


def cookie_of(console: Console, clinic: ClinicWorld) -> str:
    """What the browser keeps of the sign-in that it began."""
    kept = console.client.get_cookie("interlude_oidc", path=path_of(clinic))
    assert kept is not None
    return str(kept.value)


def path_of(clinic: ClinicWorld) -> str:
    return f"/console/oidc/{clinic.id}"
