"""Answers of passkeys that open and add nothing, row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random
from secrets import token_bytes
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient

from services.accounts.login import Credentials, log_in
from services.accounts.second_factor.challenges import LIVES
from services.accounts.second_factor.passkey_enrolment import begin_passkey, confirm_passkey
from services.accounts.second_factor.proof import Proof
from services.clock import utcnow
from services.exceptions import Invalid, SecondFactorRequired, WrongPasskey
from tests.builders.accounts.software_key import (
    VERIFIED,
    SoftwareKey,
    text_of,
)
from tests.builders.browser import PASSWORD
from tests.builders.calls import at_once, made, post, refused
from tests.builders.stored import entries, rows
from tests.builders.world import ClinicWorld, Person, World
from tests.services.accounts.second_factor.passkey_calls import (
    CHALLENGE,
    CONFIRM,
    RENEW,
    SITE,
    WITH_PASSWORD,
    add,
    asked,
    begin,
    enter,
    listed,
    proof,
    staff,
)


@pytest.fixture
def ada(owner: Person) -> Person:
    return owner


Odd = Callable[[SoftwareKey, dict[str, Any]], dict[str, Any]]


def with_flags(flags: int) -> Odd:
    return lambda key, options: replace(key, flags=flags).sign(options)


def by_another_key(key: SoftwareKey, options: dict[str, Any]) -> dict[str, Any]:
    """Whoever knows the credential's id, and not its key."""
    return replace(key, private=ec.generate_private_key(ec.SECP256R1())).sign(options)


def changed(key: SoftwareKey, options: dict[str, Any]) -> dict[str, Any]:
    answer = key.sign(options)
    answer["response"]["authenticatorData"] = key.sign(options)["response"]["authenticatorData"]
    return answer


REFUSED: dict[str, Odd] = {
    "another origin": lambda key, options: key.sign(options, origin="https://login.example"),
    "our origin by another port": lambda key, options: key.sign(
        options, origin="http://localhost:8001"
    ),
    "another site": lambda key, options: key.sign(options, rp_id="login.example"),
    "nobody was there": with_flags(0),
    "nobody was there, and was verified": with_flags(VERIFIED),
    "another key": by_another_key,
    "a signature of something else": changed,
    "a challenge of one's own": lambda key, options: key.sign(
        options, challenge=text_of(b"q" * 32)
    ),
    "the answer of an enrolment": lambda key, options: key.sign(options, type="webauthn.create"),
    "another credential": lambda key, options: replace(key, credential_id=b"q" * 32).sign(options),
    "no credential": lambda key, options: key.sign(options) | {"id": None},
    "two credentials": lambda key, options: key.sign(options) | {"rawId": text_of(b"q" * 32)},
    "no response": lambda key, options: key.sign(options) | {"response": []},
    "no JSON": lambda *_: {"id": "x", "response": {"clientDataJSON": "!"}},
    "a pit": lambda *_: {"id": "x", "response": {"clientDataJSON": text_of(b"[" * 50_000)}},
}


@pytest.mark.parametrize("row", REFUSED)
def test_an_answer_that_does_not_hold_opens_nothing(
    client: FlaskClient, ada: Person, key: SoftwareKey, row: str
) -> None:
    answer = REFUSED[row](key, asked(client, ada))
    sent = enter(client, ada, passkey=answer)
    assert (sent.status_code, sent.json["code"]) == (401, "second_factor_required")
    assert sent.json["detail"] == WrongPasskey.detail
    assert sent.json["passkey"]["challenge"], "asked once more"
    own = post(client, ada, WITH_PASSWORD | {"passkey": answer}, RENEW)
    assert refused(own).keys() == {"passkey"}
    assert enter(client, ada, passkey=key.sign(asked(client, ada))).status_code == 200


def test_an_answer_is_taken_once(client: FlaskClient, ada: Person) -> None:
    key = SoftwareKey(counts=False)
    add(client, ada, key)
    answer = key.sign(asked(client, ada))
    came = at_once([partial(enter, ada.app.test_client(), ada, passkey=answer) for _ in range(3)])
    assert sorted(one.status_code for one in came) == [200, 401, 401]
    assert enter(client, ada, passkey=answer).status_code == 401


def test_a_refused_answer_uses_its_challenge_up(
    client: FlaskClient, ada: Person, key: SoftwareKey
) -> None:
    options = asked(client, ada)
    assert enter(client, ada, passkey=key.sign(options, origin="https://x.example")).json
    assert enter(client, ada, passkey=key.sign(options)).status_code == 401


@pytest.mark.parametrize("clinic_of", ["the same clinic", "another clinic"])
def test_challenges_and_passkeys_of_others_open_nothing(
    client: FlaskClient,
    clinic: ClinicWorld,
    world: World,
    ada: Person,
    key: SoftwareKey,
    clinic_of: str,
) -> None:
    other = staff(clinic if clinic_of == "the same clinic" else world.clinic("South Clinic"))
    his = SoftwareKey()
    add(client, other, his)
    # What he was asked, answered by her key, and by his for her account.
    assert enter(client, ada, passkey=key.sign(asked(client, other))).status_code == 401
    options = asked(client, other)
    assert enter(client, ada, passkey=his.sign(options)).status_code == 401
    assert enter(client, ada, passkey=his.sign(asked(client, ada))).status_code == 401
    assert enter(client, other, passkey=his.sign(options)).status_code == 200, "still his"


def test_a_challenge_is_good_for_what_it_was_made_for(
    client: FlaskClient, ada: Person, key: SoftwareKey
) -> None:
    """A stolen log-in may ask a passkey without a proof; that must not become a new passkey."""
    proving = made(client.post(CHALLENGE, headers=ada.headers))["public_key"]
    entering, own = asked(client, ada), proof(client, ada, key)
    thief = SoftwareKey()
    for options in (proving, entering):
        wanted = {"rp": {"id": "localhost"}, "challenge": options["challenge"]}
        body = {"name": "mine", "passkey": thief.make(wanted)}
        assert refused(post(client, ada, body, CONFIRM)).keys() == {"passkey"}
    assert enter(client, ada, **own).status_code == 401
    made_for_it = begin(client, ada, **proof(client, ada, key))
    options = {"rpId": "localhost", "challenge": made_for_it["challenge"]}
    assert enter(client, ada, passkey=key.sign(options)).status_code == 401
    assert len(listed(client, ada)) == 1


def test_a_challenge_of_another_log_in_proves_nothing(
    client: FlaskClient, ada: Person, key: SoftwareKey
) -> None:
    pair = made(enter(client, ada, passkey=key.sign(asked(client, ada))), 200)
    there = {"Authorization": f"Bearer {pair['access_token']}"}
    body = proof(client, ada, key)
    assert client.post(RENEW, json=body, headers=there).status_code == 422
    assert post(client, ada, body, RENEW).status_code == 200, "of its own it does"
    options = begin(client, ada, **proof(client, ada, key))
    new = {"name": "x", "passkey": SoftwareKey().make(options)}
    assert client.post(CONFIRM, json=new, headers=there).status_code == 422
    assert post(client, ada, new, CONFIRM).status_code == 201


def test_a_challenge_is_good_for_minutes(ada: Person) -> None:
    start, key, second = utcnow(), SoftwareKey(), timedelta(seconds=1)
    now = start + timedelta(minutes=20)
    late = now + LIVES + second
    with ada.app.app_context():
        # Too late; and from a clock that was ahead.
        for asked_at, answered_at in ((start, start + LIVES + second), (now, now - LIVES - second)):
            options = begin_passkey(ada.actor, Proof(PASSWORD), SITE, asked_at)
            with pytest.raises(Invalid):
                confirm_passkey(ada.actor, "x", key.make(options), answered_at)
        options = begin_passkey(ada.actor, Proof(PASSWORD), SITE, now)
        confirm_passkey(ada.actor, "in time", key.make(options), now + LIVES)

        def enter_at(at: Any, options: dict[str, Any] | None = None) -> dict[str, Any]:
            answer = None if options is None else key.sign(options)
            try:
                log_in(Credentials(ada.email, PASSWORD, passkey=answer), None, at, site=SITE)
            except SecondFactorRequired as error:
                return error.extra
            return {}

        assert enter_at(late, enter_at(now)["passkey"])
        assert not enter_at(late, enter_at(late)["passkey"])
        enter_at(late + 2 * LIVES)
    kept = rows(ada, "SELECT asked_at FROM passkey_challenges")
    assert [row["asked_at"] for row in kept] == [late + 2 * LIVES], "what is over goes"


def test_a_counter_that_did_not_go_on_is_refused_and_noted(
    client: FlaskClient, ada: Person, key: SoftwareKey
) -> None:
    key.count = 40
    assert enter(client, ada, passkey=key.sign(asked(client, ada))).status_code == 200
    for count in (40, 39, -1):
        copy = replace(key, count=count)
        sent = enter(client, ada, passkey=copy.sign(asked(client, ada)))
        assert (sent.status_code, "copied" in sent.json["detail"]) == (401, True)
    copied = proof(client, ada, replace(key, count=3))
    assert refused(post(client, ada, copied, RENEW)).keys() == {"passkey"}
    (noted,) = entries(ada, "passkey_copied")
    assert noted["about_ids"] == [ada.user_id]
    assert enter(client, ada, passkey=key.sign(asked(client, ada))).status_code == 200


def test_guesses_wait_as_those_of_codes_do(
    client: FlaskClient, ada: Person, key: SoftwareKey
) -> None:
    wrong = {"id": "x", "response": {}}
    came = [enter(client, ada, passkey=wrong).status_code for _ in range(6)]
    assert came == [*[401] * 4, 429, 429]  # the fifth is for an address that has hardly tried
    assert len(entries(ada, "second_factor_failed")) == 1
    came = [
        post(client, ada, WITH_PASSWORD | {"passkey": wrong}, RENEW).status_code for _ in range(6)
    ]
    assert came == [*[422] * 5, 429]


ENROLMENTS: dict[str, Odd] = {
    "another origin": lambda key, options: key.make(options, origin="https://login.example"),
    "another site": lambda key, options: key.make(options | {"rp": {"id": "login.example"}}),
    "nobody was there": lambda key, options: replace(key, flags=0).make(options),
    "another challenge": lambda key, options: key.make(options, challenge=text_of(b"q" * 32)),
    "the answer of a log-in": lambda key, options: key.make(options, type="webauthn.get"),
    "a name that is too long": lambda key, options: replace(
        key, credential_id=token_bytes(4000)
    ).make(options),
    "nothing": lambda *_: {},
}


@pytest.mark.parametrize("row", ENROLMENTS)
def test_an_enrolment_that_does_not_hold_adds_nothing(
    client: FlaskClient, ada: Person, row: str
) -> None:
    answer = ENROLMENTS[row](SoftwareKey(), begin(client, ada))
    assert refused(post(client, ada, {"name": "x", "passkey": answer}, CONFIRM)).keys() == {
        "passkey"
    }
    assert listed(client, ada) == []


def junk(random: Random) -> dict[str, Any]:
    statement = {"alg": -7, "sig": b"x", "x5c": [b"x"], "ver": "2.0", "certInfo": b"x"}
    return {
        "fmt": random.choice(["packed", "tpm", "apple", "none", "fido-u2f", "android-key"]),
        "attStmt": statement,
        "authData": random.randbytes(random.randrange(300)),
    }


def test_whatever_bytes_come_nothing_breaks(client: FlaskClient, ada: Person) -> None:
    """What an authenticator made, with bytes changed, cut off and piled up."""
    random, now = Random(11), utcnow()
    deep = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": b""})[:-1] + b"\x81" * 50_000
    with ada.app.app_context():
        for turn in range(60):
            at = now + timedelta(minutes=turn)
            key = SoftwareKey()
            answer = key.make(begin_passkey(ada.actor, Proof(PASSWORD), SITE, at))
            whole = bytearray(cbor2.dumps(junk(random)))
            for _ in range(3):
                whole[random.randrange(len(whole))] = random.randrange(256)
            sent = deep if turn == 0 else bytes(whole[: random.randrange(1, len(whole) + 1)])
            answer["response"]["attestationObject"] = text_of(sent)
            with pytest.raises(Invalid):
                confirm_passkey(ada.actor, "x", answer, at)
