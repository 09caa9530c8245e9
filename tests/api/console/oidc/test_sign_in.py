"""Staff sign in with their clinic's provider: who is let in, to which account, and as what."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.accounts.letters import SIGN_IN_LINKED
from services.accounts.oidc.providers import find_provider
from services.clock import utcnow
from services.membership.users import change_user
from tests.builders.accounts.authenticator import enrol
from tests.builders.accounts.provider import (
    CLIENT,
    SECRET,
    ScriptedProvider,
    begun_at,
    curve_key,
    forget,
    lets_sign_in,
    sign_in,
    signed_by,
    vouched,
)
from tests.builders.browser import give_password
from tests.builders.calls import made
from tests.builders.pages.console import Console
from tests.builders.stored import entries, rows
from tests.builders.world import ClinicWorld, World
from tests.fixtures.running import free_port, wait_until

MAPPED = {"claim": "groups", "roles": {"ketamine-doctors": ["clinician"], "it": ["admin"]}}


def test_the_first_sign_in_links_by_the_verified_address_and_later_ones_need_none(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider
) -> None:
    console, staff = Console(app), clinic.staff()
    assert console.open(f"/oidc/{clinic.id}?wanted=/alerts").status_code == 200
    assert "Sign in with Quagga Hospital" in console.text
    assert "wanted=/alerts" in console.page
    shown = sign_in(console, clinic, provider, "/alerts?of=me", sub="s1", **vouched(staff))
    assert (shown.status_code, shown.headers["Location"]) == (303, "/console/alerts?of=me")
    assert console.open("/alerts").status_code == 200
    assert "Sam Quagga" in console.text
    again = Console(app)
    assert sign_in(again, clinic, provider, sub="s1").status_code == 303
    assert len(entries(staff, "sign_in_linked")) == 1
    logged_in = [entry["detail"] for entry in entries(staff, "logged_in")]
    assert logged_in == [{"by": "provider", "roles": ["clinician"]}] * 2
    # Another one with the same address is somebody else.
    assert sign_in(Console(app), clinic, provider, sub="s2", **vouched(staff)).status_code == 401
    kept = "SELECT kind, device FROM token_families WHERE user_id = :user AND kind = 'console'"
    assert len(rows(staff, kept, user=staff.user_id)) == 2


def test_the_mailbox_hears_of_it_once(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider
) -> None:
    staff = clinic.staff()
    letters = "SELECT count(*) AS n FROM notifications WHERE kind = 'letter' AND user_id = :user"
    for _ in range(2):
        assert sign_in(Console(app), clinic, provider, **vouched(staff)).status_code == 303
    assert rows(staff, letters, user=staff.user_id)[0]["n"] == 1
    assert SIGN_IN_LINKED


def test_nobody_is_let_in_without_an_open_account_of_staff_in_that_clinic(
    app: Flask, world: World, clinic: ClinicWorld, provider: ScriptedProvider
) -> None:
    elsewhere = world.clinic("South Clinic").staff()
    left = clinic.staff()
    with app.app_context():
        change_user(clinic.admin.actor, left.user_id, utcnow(), active=False)
    for person in (elsewhere, left, clinic.patient()):
        console = Console(app)
        assert sign_in(console, clinic, provider, **vouched(person)).status_code == 401
        assert "no account of yours is open here" in console.text
    (entry,) = entries(clinic.admin, "sign_in_refused")
    assert (entry["actor_id"], entry["detail"]) == (None, {"reason": "no_account"})
    assert rows(clinic.admin, "SELECT 1 FROM oidc_identities") == []


def test_who_is_deactivated_is_out_and_their_identity_is_free(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider
) -> None:
    console, staff = Console(app), clinic.staff()
    sign_in(console, clinic, provider, **vouched(staff))
    with app.app_context():
        change_user(clinic.admin.actor, staff.user_id, utcnow(), active=False)
    assert console.open("/alerts").status_code == 401
    assert sign_in(Console(app), clinic, provider, **vouched(staff)).status_code == 401
    other = clinic.staff()
    assert sign_in(Console(app), clinic, provider, **vouched(other)).status_code == 303


def test_roles_are_what_account_and_claim_agree_on(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider
) -> None:
    lets_sign_in(clinic, provider.issuer, **MAPPED)
    staff = clinic.staff("clinician", "admin")
    claims = vouched(staff)
    for groups, status, pages in (
        (["ketamine-doctors", "cooks"], 303, {"/today": 200, "/clinic": 403}),
        ("it", 303, {"/clinic": 200, "/new-patient": 200}),
        (["ketamine-doctors", "it"], 303, {"/today": 200, "/clinic": 200}),
        (["cooks"], 401, {"/today": 401}),
        (None, 401, {"/today": 401}),
        ([{"ketamine-doctors": 1}, 7], 401, {"/today": 401}),
    ):
        console = Console(app)
        assert sign_in(console, clinic, provider, groups=groups, **claims).status_code == status
        assert {page: console.open(page).status_code for page in pages} == pages
    # Nothing is given by the provider, and nothing of the account was changed.
    clinician = clinic.staff()
    console = Console(app)
    groups = ["it", "ketamine-doctors"]
    sign_in(console, clinic, provider, sub="s3", groups=groups, **vouched(clinician))
    assert console.open("/clinic").status_code == 403
    kept = "SELECT roles FROM users WHERE id = :id"
    assert rows(staff, kept, id=staff.user_id)[0]["roles"] == ["admin", "clinician"]


def test_what_a_provider_tells_at_its_userinfo_alone_is_asked_for_there(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider
) -> None:
    mapped = {"claim": "realm_access.roles", "roles": {"doctor": ["clinician"]}}
    lets_sign_in(clinic, provider.issuer, **mapped)
    staff = clinic.staff()
    provider.userinfo = {
        "sub": "mallory",
        "realm_access": {"roles": ["doctor"]},
        **vouched(staff),
    }
    assert sign_in(Console(app), clinic, provider).status_code == 401
    provider.userinfo["sub"] = "ada"
    assert sign_in(Console(app), clinic, provider).status_code == 303


def test_a_second_factor_is_asked_for_here_unless_the_clinic_counts_theirs(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider
) -> None:
    staff = clinic.staff()
    give_password(staff)
    device = enrol(staff)
    claims = vouched(staff) | {"amr": ["pwd", "otp"], "acr": "2"}
    console = Console(app)
    assert sign_in(console, clinic, provider, "/alerts", **claims).status_code == 401
    assert rows(staff, "SELECT 1 FROM oidc_identities") == []
    code = f"/oidc/{clinic.id}/code"
    assert console.send(code, totp="000000").status_code == 401
    assert "The code is wrong" in console.text
    shown = console.send(code, totp=device.recovery_codes[0])
    assert shown.request.path == "/console/alerts"
    # What was taken is over: the same form again is too late.
    console.open(f"/oidc/{clinic.id}")
    token = {"csrf": console.token(), "totp": device.recovery_codes[1]} if console.forms() else {}
    assert console.post(code, token).status_code in (401, 403)
    for factors, status in ((["amr=otp"], 303), (["acr=2"], 303), (["amr=hwk", "acr=3"], 401)):
        lets_sign_in(clinic, provider.issuer, factors=factors)
        assert sign_in(Console(app), clinic, provider, **claims).status_code == status


def test_where_a_factor_is_required_one_is_enrolled_here_all_the_same(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, provider: ScriptedProvider
) -> None:
    """The password, which still opens the account, would have none otherwise."""
    body = {"second_factor": "required"}
    made(client.patch("/v1/clinic", json=body, headers=clinic.admin.headers), 200)
    lets_sign_in(clinic, provider.issuer, factors=["amr=otp"])
    claims = vouched(clinic.staff()) | {"amr": ["otp"]}
    console = Console(app)
    assert sign_in(console, clinic, provider, **claims).status_code == 303
    assert console.open("").request.path == "/console/account"


def test_a_password_goes_on_to_work_when_the_provider_is_down(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider
) -> None:
    """An alert that nobody sees can cost a life."""
    staff, console = clinic.staff(), Console(app)
    sign_in(console, clinic, provider, **vouched(staff))
    provider.down = True
    forget(app)
    asked = provider.asked.total()
    for _ in range(3):
        assert console.open(begun_at(clinic.id, "/alerts"), follow=False).status_code == 503
    assert "Log in with your password meanwhile" in console.text
    assert 'href="/console/alerts"' in console.page
    assert provider.asked.total() == asked + 1
    console = Console(app)
    assert console.log_in(staff, to="/alerts").status_code == 200


def test_an_elliptic_key_holds_where_the_provider_names_the_algorithm(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider
) -> None:
    provider.metadata = {"id_token_signing_alg_values_supported": ["ES256"]}
    provider.sign = signed_by(curve_key(), alg="ES256", kid="two")
    forget(app)
    assert sign_in(Console(app), clinic, provider, **vouched(clinic.staff())).status_code == 303


def test_what_is_not_there_says_so(app: Flask, clinic: ClinicWorld, world: World) -> None:
    console, other = Console(app), world.clinic()
    for path in ("", "/begin", "/back?code=1&state=2"):
        assert console.open(f"/oidc/{other.id}{path}").status_code == 404
        assert console.open(f"/oidc/{clinic.id}{path}").status_code == 404


def test_the_operator_sets_shows_and_removes_it(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider, tmp_path: Path
) -> None:
    run = app.test_cli_runner().invoke
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    wanted = {
        "--issuer": provider.issuer,
        "--client-id": CLIENT,
        "--secret-file": str(secret),
        "--name": "Night Hospital",
        "--claim": "groups",
        "--role": "a=b=clinician",
        "--factor": "amr=otp",
    }
    options = [word for pair in wanted.items() for word in pair]
    made = run(args=["oidc", "set", str(clinic.id), *options])
    here = f"http://127.0.0.1:8000/console/oidc/{clinic.id}"
    assert orjson.loads(made.stdout) == {"sign_in": here, "redirect_uri": f"{here}/back"}
    shown = run(args=["oidc", "show", str(clinic.id)]).stdout
    assert orjson.loads(shown) == {
        "name": "Night Hospital",
        "issuer": provider.issuer,
        "client_id": CLIENT,
        "scope": "openid email",
        "claim": "groups",
        "roles": {"a=b": ["clinician"]},
        "factors": ["amr=otp"],
    }
    kept = rows(clinic.admin, "SELECT client_secret FROM oidc_providers")[0]["client_secret"]
    assert SECRET.encode() not in bytes(kept)
    with app.app_context():
        assert find_provider(clinic.id).client_secret == SECRET
    staff = clinic.staff()
    assert run(args=["oidc", "link", str(clinic.id), staff.email, "s9"]).exit_code == 0
    assert "linked already" in run(args=["oidc", "link", str(clinic.id), staff.email, "s8"]).stderr
    claims = {"sub": "s9", "groups": "a=b"}
    console = Console(app)
    assert sign_in(console, clinic, provider, **claims).status_code == 303
    assert run(args=["oidc", "unlink", str(clinic.id), staff.email]).exit_code == 0
    assert console.open("/alerts").status_code == 401
    assert sign_in(Console(app), clinic, provider, **claims).status_code == 401
    assert run(args=["oidc", "remove", str(clinic.id)]).exit_code == 0
    assert run(args=["oidc", "remove", str(clinic.id)]).exit_code == 1
    assert console.open(f"/oidc/{clinic.id}").status_code == 404


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--issuer", "http://provider.example", "issuer: An https address"),
        ("--issuer", "https://169.254.169.254", "issuer: It is not to be used: provider_down."),
        ("--name", " ", "name: Something"),
        ("--scope", "email", "scope: It must have openid"),
        ("--role", "a=clinician", "roles: A claim and what its values mean"),
        ("--factor", "otp", "factors: amr=VALUE"),
    ],
)
def test_what_cannot_be_set_is_refused(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider, tmp_path: Path, option: str,
    value: str, words: str,
) -> None:  # fmt: skip
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    wanted = {
        "--issuer": provider.issuer,
        "--client-id": CLIENT,
        "--secret-file": str(secret),
        "--name": "Night Hospital",
        option: value,
    }
    options = [word for pair in wanted.items() for word in pair]
    refused = app.test_cli_runner().invoke(args=["oidc", "set", str(clinic.id), *options])
    assert refused.exit_code == 1
    assert words in refused.stderr
    with app.app_context():
        assert find_provider(clinic.id).name == "Quagga Hospital"


def test_another_issuer_ends_every_link(
    app: Flask, clinic: ClinicWorld, provider: ScriptedProvider
) -> None:
    sign_in(Console(app), clinic, provider, **vouched(clinic.staff()))
    lets_sign_in(clinic, provider.issuer, name="Day Hospital")
    assert len(rows(clinic.admin, "SELECT 1 FROM oidc_identities")) == 1
    lets_sign_in(clinic, provider.issuer, client_id="another")
    assert rows(clinic.admin, "SELECT 1 FROM oidc_identities") == []


def test_a_web_worker_loads_nothing_of_it_before_it_is_used() -> None:
    listing = "import api; from api.console import oidc; import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", listing], capture_output=True, check=True)
    loaded = done.stdout.decode().split()
    assert "services.accounts.oidc.answer" in loaded
    assert [name for name in loaded if name.split(".")[0] in ("authlib", "joserfc")] == []


@pytest.fixture
def honest() -> Iterator[int]:
    """The port of a provider that others wrote (oidc-provider-mock: Authlib's server side)."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    with subprocess.Popen(
        [*command, "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_until(lambda: is_there(port), "the provider is there")
            yield port
        finally:
            process.kill()


def sent(port: int, method: str, path: str, kind: str = "", body: str = "") -> tuple[int, str]:
    """Status, and where a browser is sent by it."""
    with closing(HTTPConnection("localhost", port, timeout=10)) as connection:
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("Location", "")


def is_there(port: int) -> bool:
    with suppress(OSError):
        return sent(port, "GET", "/jwks")[0] == 200
    return False


def test_staff_sign_in_with_a_provider_that_others_wrote(
    app: Flask, clinic: ClinicWorld, honest: int
) -> None:
    lets_sign_in(clinic, f"http://localhost:{honest}", **MAPPED)
    staff, console = clinic.staff(), Console(app)
    claims = json.dumps({**vouched(staff), "groups": ["ketamine-doctors"]})
    assert sent(honest, "PUT", "/users/ada", "application/json", claims)[0] == 204

    def back(sub: str) -> str:
        went = console.open(begun_at(clinic.id, "/alerts"), follow=False).headers["Location"]
        path = went.removeprefix(f"http://localhost:{honest}")
        form = urlencode({"sub": sub})
        status, address = sent(honest, "POST", path, "application/x-www-form-urlencoded", form)
        assert status == 302
        return address.partition("/console")[2]

    assert console.open(back("ada"), follow=False).headers["Location"] == "/console/alerts"
    assert console.open("/alerts").status_code == 200
    console = Console(app)
    assert console.open(back("somebody"), follow=False).status_code == 401
