"""Two administrators erase a patient: who may, when not, and what nobody sees any more."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from werkzeug.test import TestResponse

from api.embedded.urls import DatabaseUrls
from models.clinic_door import enter
from models.database import db
from services.clock import utcnow
from tests.builders.alerts import do, open_alert, set_alert
from tests.builders.calls import made, post, refused
from tests.builders.chains import Chain
from tests.builders.entries import phq9
from tests.builders.stored import entries, rows
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld, Person, World
from tests.fixtures.waiting import status_row_locked


def ask(client: FlaskClient, admin: Person, patient: Person) -> TestResponse:
    return post(
        client, admin, {"reason": "they asked"}, f"/v1/patients/{patient.patient_id}/erasure"
    )


def confirm(client: FlaskClient, admin: Person, erasure: str) -> TestResponse:
    return client.post(f"/v1/erasures/{erasure}/confirm", headers=admin.headers)


def erase(client: FlaskClient, clinic: ClinicWorld, patient: Person) -> dict[str, Any]:
    asked = made(ask(client, clinic.admin, patient))["id"]
    return made(confirm(client, clinic.staff("admin"), asked), 200)


def test_one_asks_and_another_confirms(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat, first, second = clinic.patient(), clinic.admin, clinic.staff("admin")
    asked = made(ask(client, first, pat))
    assert (asked["status"], asked["reason"], asked["erased_at"]) == (
        *("requested", "they asked"),
        None,
    )
    assert made(ask(client, second, pat))["id"] == asked["id"], "it waits already"
    assert refused(confirm(client, first, asked["id"]), 403) == {"code": "forbidden"}
    assert client.get("/v1/me", headers=pat.headers).status_code == 200
    done = made(confirm(client, second, asked["id"]), 200)
    assert (done["status"], done["reason"]) == ("erased", None)
    assert (done["requested_by"], done["confirmed_by"]) == (
        str(first.user_id),
        str(second.user_id),
    )
    assert made(confirm(client, second, asked["id"]), 200) == done, "again the same"
    listed = made(client.get("/v1/erasures", headers=first.headers), 200)
    assert listed == {"items": [done], "next_cursor": None}
    (entry,) = entries(first, "patient_erased")
    assert (entry["actor_id"], entry["patient_id"]) == (second.user_id, pat.patient_id)


def withdraw(client: FlaskClient, admin: Person, erasure: str) -> TestResponse:
    return client.post(f"/v1/erasures/{erasure}/withdraw", headers=admin.headers)


def test_what_was_taken_back_is_never_confirmed(client: FlaskClient, world: World) -> None:
    clinic, other = world.clinic(), world.clinic().admin
    pat, first, second = clinic.patient(), clinic.admin, clinic.staff("admin")
    asked = made(ask(client, first, pat))["id"]
    assert refused(withdraw(client, other, asked), 404) == {"code": "not_found"}
    assert refused(withdraw(client, clinic.staff(), asked), 403) == {"code": "forbidden"}
    done = made(withdraw(client, second, asked), 200)
    assert (done["status"], done["reason"], done["withdrawn_by"]) == (
        *("withdrawn", None),
        str(second.user_id),
    )
    assert made(withdraw(client, first, asked), 200) == done, "again the same"
    assert refused(confirm(client, second, asked), 409) == {"code": "content_conflict"}
    operator = clinic.app.test_cli_runner()
    assert asked not in operator.invoke(args=["erasure", "list"]).output
    assert operator.invoke(args=["erasure", "confirm", asked]).exit_code != 0
    assert client.get("/v1/me", headers=pat.headers).status_code == 200
    (entry,) = entries(first, "erasure_withdrawn")
    assert (entry["actor_id"], entry["patient_id"]) == (second.user_id, pat.patient_id)
    # Asked for anew it is another request, which goes its way.
    anew = made(ask(client, first, pat))["id"]
    assert anew != asked
    assert made(confirm(client, second, anew), 200)["status"] == "erased"
    assert refused(withdraw(client, first, anew), 409) == {"code": "content_conflict"}
    listed = made(client.get("/v1/erasures", headers=first.headers), 200)["items"]
    assert [(one["id"], one["status"]) for one in listed] == [
        *((anew, "erased"), (asked, "withdrawn"))
    ]


def test_the_database_itself_confirms_nothing_that_was_taken_back(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    asked = made(ask(client, clinic.admin, clinic.patient()))["id"]
    made(withdraw(client, clinic.admin, asked), 200)
    confirmed = text("UPDATE erasures SET confirmed_at = now()")
    with clinic.app.app_context(), db.engine.connect() as connection:
        enter(connection, clinic.id)
        with pytest.raises(IntegrityError, match="ck_erasures_not_both"):
            connection.execute(confirmed)


def test_another_clinic_knows_nothing_of_it(client: FlaskClient, world: World) -> None:
    clinic, other = world.clinic(), world.clinic()
    pat = clinic.patient()
    asked = made(ask(client, clinic.admin, pat))["id"]
    assert refused(ask(client, other.admin, pat), 404) == {"code": "not_found"}
    assert refused(confirm(client, other.admin, asked), 404) == {"code": "not_found"}
    assert made(client.get("/v1/erasures", headers=other.admin.headers), 200)["items"] == []


def test_nobody_sees_them_any_more(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff, pat = clinic.staff(), clinic.patient("Zoe Quagga", mrn="M-9 quagga")
    alert = open_alert(client, pat)
    made(do(client, staff, alert, "resolve", disposition="safe_plan_made"), 200)
    erase(client, clinic, pat)
    for path in ("", "/trend", "/courses", "/care-team"):
        read = client.get(f"/v1/patients/{pat.patient_id}{path}", headers=staff.headers)
        assert refused(read, 404) == {"code": "not_found"}
    assert client.get(f"/v1/alerts/{alert}", headers=staff.headers).status_code == 404
    for path in (
        "/v1/patients",
        "/v1/patients?q=zoe",
        "/v1/patients?q=M-9",
        "/v1/alerts",
        f"/v1/check-ins?patient_id={pat.patient_id}",
        "/v1/users",
    ):
        listed = client.get(path, headers=clinic.admin.headers)
        listed = listed if listed.status_code == 200 else client.get(path, headers=staff.headers)
        assert str(pat.patient_id) not in listed.text, path
        assert str(pat.user_id) not in listed.text, path
        assert "Zoe" not in listed.text, path
    for path in ("me", "changes", "bootstrap", "check-ins", "me/trend", "me/sessions"):
        assert client.get(f"/v1/{path}", headers=pat.headers).status_code == 401
    refresh = {"Authorization": f"Bearer {pat.tokens(utcnow())['refresh_token']}"}
    assert client.post("/v1/auth/refresh", headers=refresh).status_code == 401


def test_an_id_stays_taken_and_an_address_is_free(client: FlaskClient, clinic: ClinicWorld) -> None:
    own = {"id": str(uuid4()), "name": "Ida Quagga", "timezone": "Europe/Paris"}
    made(post(client, clinic.admin, own, "/v1/patients"))
    pat, form, staff = clinic.patient(), phq9(), clinic.staff()
    made(post(client, pat, form))
    invited = f"/v1/patients/{pat.patient_id}/invitations"
    code = made(post(client, staff, {}, invited))["code"]
    erase(client, clinic, pat)
    # Also one that the service had made: what is kept of them must name nobody else.
    theirs = own | {"id": str(pat.patient_id)}
    assert refused(post(client, clinic.admin, theirs, "/v1/patients"), 409) == {"code": "id_taken"}
    path = f"/v1/patients/{own['id']}/erasure"
    asked = made(post(client, clinic.admin, {"reason": "x"}, path))["id"]
    made(confirm(client, clinic.staff("admin"), asked), 200)
    assert refused(post(client, clinic.patient(), form), 409) == {"code": "id_taken"}
    assert refused(post(client, clinic.admin, own, "/v1/patients"), 409) == {"code": "id_taken"}
    spent = client.post("/v1/invitations/accept", json={"code": code})
    assert refused(spent, 409) == {"code": "invitation_invalid"}
    again = {"email": pat.email, "name": "Pat Quagga", "roles": ["patient"]}
    made(post(client, clinic.admin, again, "/v1/invitations"))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/check-ins", phq9(item9=3)),
        ("/v1/help-requests", {"id": str(uuid4()), "recorded_at": "2026-01-01T10:00:00Z"}),
        ("/v1/sync", {"items": [{"type": "check_in", **phq9(item9=3)}]}),
        ("/v1/check-ins", {"broken": "quagga", "q9": 3}),
    ],
)
def test_a_cry_for_help_of_somebody_erased_is_answered_with_the_card(
    client: FlaskClient, clinic: ClinicWorld, path: str, body: dict[str, Any]
) -> None:
    pat = clinic.patient()
    erase(client, clinic, pat)
    problem = made(post(client, pat, body, path), 401)
    assert problem["code"] == "unauthenticated"
    assert "did not reach your clinic" in problem["safety"]["monitoring"]
    assert problem["safety"]["resources"]
    assert rows(clinic.admin, "SELECT id FROM alerts") == []


FAMILIES = ["suicide_risk", "unreadable_risk", "silence", *(f"e{n}" for n in range(1, 8))]


@pytest.mark.parametrize("family", FAMILIES)
def test_nobody_is_erased_while_an_alert_of_danger_is_open(
    client: FlaskClient, clinic: ClinicWorld, family: str
) -> None:
    pat, staff, second = clinic.patient(), clinic.staff(), clinic.staff("admin")
    alert = open_alert(client, pat)
    set_alert(clinic, alert, family=family)
    assert refused(ask(client, clinic.admin, pat), 409) == {"code": "open_alert"}
    made(do(client, staff, alert, "acknowledge"), 200)
    assert refused(ask(client, clinic.admin, pat), 409) == {"code": "open_alert"}
    made(do(client, staff, alert, "resolve", disposition="safe_plan_made"), 200)
    asked = made(ask(client, clinic.admin, pat))["id"]
    later = open_alert(client, pat)
    set_alert(clinic, later, family=family)
    assert refused(confirm(client, second, asked), 409) == {"code": "open_alert"}
    made(do(client, staff, later, "resolve", disposition="safe_plan_made"), 200)
    made(confirm(client, second, asked), 200)


def test_another_open_alert_ends_with_them(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    set_alert(clinic, open_alert(client, pat), family="m1")
    erase(client, clinic, pat)
    assert rows(clinic.admin, "SELECT id FROM alerts") == []
    assert rows(clinic.admin, "SELECT id FROM notifications WHERE kind = 'page'") == []


@pytest.mark.parametrize("path", ["/v1/check-ins", "/v1/sync"])
@pytest.mark.parametrize("answers_first", [True, False])
def test_an_answer_comes_before_and_goes_too_or_after_and_is_refused(
    clinic: ClinicWorld, database_urls: DatabaseUrls, path: str, *, answers_first: bool
) -> None:
    pat, second, client = clinic.patient(), clinic.staff("admin"), clinic.app.test_client()
    asked = made(ask(client, clinic.admin, pat))["id"]
    for person in (pat, second):  # the first use of a token is a transaction of its own
        made(client.get("/v1/me", headers=person.headers), 200)
    form = phq9()
    body = form if path.endswith("ins") else {"items": [{"type": "check_in", **form}]}
    calls: list[Callable[[], TestResponse]] = [
        lambda: post(clinic.app.test_client(), pat, body, path),
        lambda: confirm(clinic.app.test_client(), second, asked),
    ]
    order = calls if answers_first else calls[::-1]
    with ThreadPoolExecutor(2) as pool:
        with status_row_locked(database_urls, pat) as until:
            first = pool.submit(order[0])
            until(1)
            then = pool.submit(order[1])
            until(2)
        answered, erased = (first, then) if answers_first else (then, first)
    assert erased.result().status_code == 200
    taken = 201 if path.endswith("ins") else 200
    assert answered.result().status_code == (taken if answers_first else 401)
    assert answers_first or answered.result().json["safety"]["resources"]
    assert rows(clinic.admin, "SELECT id FROM check_ins") == []
    kept = rows(clinic.admin, "SELECT patient_id, first_answer FROM record_ids")
    assert [dict(row) for row in kept] == (
        [{"patient_id": None, "first_answer": None}] if answers_first else []
    )


def test_the_chain_of_the_audit_holds_over_it(
    client: FlaskClient, clinic: ClinicWorld, database_urls: DatabaseUrls
) -> None:
    chain = Chain(clinic.app, database_urls.admin)
    chart = Chart(clinic, clinic.patient())
    made(chart.patch(chart.path, {"mrn": "M-7"}), 200)
    chain.seal()
    assert chain.proof().erased == 0
    erase(client, clinic, chart.pat)
    assert chain.proof().faults == [], "also before the erasure's own entry is sealed"
    chain.seal()
    proof = chain.proof(*chain.published)
    assert (proof.faults, proof.unsealed) == ([], 0)
    assert proof.erased == 2, "the invitation, and what was changed"


def test_the_api_s_role_takes_nothing_away_by_itself(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    made(post(client, pat, phq9()))
    asked = made(ask(client, clinic.admin, pat))["id"]
    with pat.app.app_context(), db.engine.connect() as connection:
        for statement in (
            "DELETE FROM check_ins",
            "DELETE FROM audit_details",
            "DELETE FROM patients",
            "DELETE FROM erasures",
            "UPDATE erasure.parts SET statement = 'DELETE FROM public.check_ins'",
            "SET ROLE interlude_eraser",
            f"SELECT erasure.erase('{asked}', 'check_ins')",
            "UPDATE erasures SET confirmed_by = requested_by, confirmed_at = now()",
        ):
            enter(connection, clinic.id)
            with pytest.raises(Exception, match=r"permission denied|nobody confirmed|by_two"):
                connection.execute(text(statement))
            connection.rollback()
    assert len(rows(pat, "SELECT id FROM check_ins")) == 1


def test_the_operator_confirms_where_there_is_one_administrator(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, runner = clinic.patient(), clinic.app.test_cli_runner()
    asked = made(ask(client, clinic.admin, pat))["id"]
    waiting = runner.invoke(args=["erasure", "list"])
    assert waiting.output.startswith(f"{asked}  {clinic.id}  {pat.patient_id}  20")
    tried = runner.invoke(args=["erasure", "confirm", asked, "--dry-run"])
    assert (tried.exit_code, "nothing was erased" in tried.output) == (0, True)
    assert client.get("/v1/me", headers=pat.headers).status_code == 200
    second = clinic.staff("admin")
    two = runner.invoke(args=["erasure", "confirm", asked])
    assert (two.exit_code, "second administrator" in two.output) == (1, True)
    off = client.patch(
        f"/v1/users/{second.user_id}", json={"active": False}, headers=clinic.admin.headers
    )
    made(off, 200)
    done = runner.invoke(args=["erasure", "confirm", asked])
    assert done.exit_code == 0, done.output
    assert client.get("/v1/me", headers=pat.headers).status_code == 401
    (listed,) = made(client.get("/v1/erasures", headers=clinic.admin.headers), 200)["items"]
    assert (listed["status"], listed["confirmed_by"]) == ("erased", None)
    assert runner.invoke(args=["erasure", "list"]).output == ""
    gone = runner.invoke(args=["erasure", "list", "--done"]).output
    assert gone.startswith(f"{asked}  {clinic.id}  {pat.patient_id}  20")
    unknown = runner.invoke(args=["erasure", "confirm", str(uuid4())])
    assert unknown.exit_code == 1
