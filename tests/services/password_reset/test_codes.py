"""What a code is worth: once, for half an hour, the newest, for the account as it was."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from models import AuditEntry, TokenFamily
from services import audit
from services.accounts.families import start_family
from services.accounts.own_account import change_password, get_me
from services.accounts.refresh import Presented, refresh
from services.exceptions import RateLimited, Unauthenticated
from services.membership.users import change_user
from services.password_reset.issue import issue_one
from services.unit_of_work import transaction
from tests.builders.world import Person, log_in, made_up_email
from tests.services.password_reset.desk import AWAY, HOME, NEW, OLD, START, Desk


@pytest.mark.parametrize("role", ["clinician", "on_call", "admin", "patient"])
def test_the_code_from_the_mail_sets_a_new_password(desk: Desk, role: str) -> None:
    person = desk.person(role)
    assert desk.confirm(desk.code_for(person)) == "set"
    assert desk.logs_in(person, NEW)
    assert not desk.logs_in(person, OLD)


@pytest.mark.parametrize(
    ("passed", "outcome"),
    [
        (timedelta(0), "set"),
        (timedelta(minutes=29, seconds=59), "set"),
        (timedelta(minutes=30), "refused"),
        (timedelta(days=1), "refused"),
    ],
)
def test_a_code_lives_for_thirty_minutes(desk: Desk, passed: timedelta, outcome: str) -> None:
    person = desk.person()
    code = desk.code_for(person)
    desk.now += passed
    assert desk.confirm(code) == outcome
    assert desk.logs_in(person, NEW) == (outcome == "set")


def test_a_code_works_once(desk: Desk) -> None:
    person = desk.person()
    code = desk.code_for(person)
    assert desk.confirm(code) == "set"
    assert desk.confirm(code, "yet another password") == "refused"
    assert desk.logs_in(person, NEW)


def test_a_code_used_twice_at_the_same_moment_works_once(desk: Desk) -> None:
    code = desk.code_for(desk.person())
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda n: desk.confirm(code, f"password {n}"), range(4)))
    assert sorted(outcomes) == ["refused"] * 3 + ["set"]


def test_only_the_newest_code_counts(desk: Desk) -> None:
    person = desk.person()
    first = desk.code_for(person)
    desk.later(minutes=1)
    second = desk.code_for(person)
    assert first != second
    assert [desk.confirm(code) for code in (first, second)] == ["refused", "set"]


def test_a_code_may_be_typed_carelessly(desk: Desk) -> None:
    code = desk.code_for(desk.person())
    assert desk.confirm(f" {code.replace('-', ' ').lower()} ") == "set"


def test_a_code_opens_its_own_account_only(desk: Desk) -> None:
    person, other = desk.person(), desk.person()
    assert desk.confirm(desk.code_for(person)) == "set"
    assert desk.logs_in(other, OLD)


def test_unknown_codes_and_invitation_codes_are_refused(desk: Desk) -> None:
    assert desk.confirm("00000-00000-00000-00000") == "refused"
    assert desk.confirm("") == "refused"


def deactivated(desk: Desk, person: Person) -> None:
    change_user(desk.clinic.admin.actor, person.user_id, desk.now, active=False)


def deactivated_and_back(desk: Desk, person: Person) -> None:
    deactivated(desk, person)
    change_user(desk.clinic.admin.actor, person.user_id, desk.now, active=True)


def given_another_role(desk: Desk, person: Person) -> None:
    change_user(desk.clinic.admin.actor, person.user_id, desk.now, roles=["on_call"])


def changed_own_password(desk: Desk, person: Person) -> None:
    change_password(person.actor, OLD, "my own idea of one", desk.now)


@pytest.mark.parametrize(
    "change", [deactivated, deactivated_and_back, given_another_role, changed_own_password]
)
def test_a_code_dies_when_its_account_changes(
    desk: Desk, change: Callable[[Desk, Person], None]
) -> None:
    person = desk.person()
    code = desk.code_for(person)
    with desk.app.app_context():
        change(desk, person)
    assert desk.confirm(code) == "refused"
    assert not desk.logs_in(person, NEW)


def test_an_account_that_changes_while_the_password_is_hashed_keeps_its_own(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = desk.person()
    code = desk.code_for(person)

    def slowly(_password: str) -> str:
        desk.set_account(person, active=False)
        return "a hash that must not be kept"

    monkeypatch.setattr("services.password_reset.confirm.hash_password", slowly)
    assert desk.confirm(code) == "refused"
    desk.set_account(person, active=True)
    assert desk.logs_in(person, OLD)
    assert desk.resets()[0].used_at is None


@pytest.mark.parametrize("role", ["clinician", "patient"])
def test_every_device_is_logged_out(desk: Desk, role: str) -> None:
    person = desk.person(role)
    with desk.app.app_context():
        devices = [person.actor, log_in(desk.app, desk.clinic.id, person.user_id, START).actor]
        for device in devices:
            assert get_me(device, desk.now).id == person.user_id
    desk.confirm(desk.code_for(person))
    with desk.app.app_context():
        for device in devices:
            with pytest.raises(Unauthenticated):
                get_me(device, desk.now)
            names = ("clinic_id", "user_id", "family_id", "pair_id")
            presented = Presented(**{name: getattr(device, name) for name in names})
            with pytest.raises(Unauthenticated):
                refresh(presented, desk.now)
        with transaction(desk.clinic.id) as session:
            # Even in a family that is alive, a token of before the reset is worth nothing.
            fresh = start_family(session, person.user_id, desk.now).actor
            ended = session.scalars(
                select(TokenFamily.revoked_reason).where(
                    TokenFamily.user_id == person.user_id, TokenFamily.id != fresh.family_id
                )
            ).all()
    assert fresh.epoch == person.actor.epoch + 1
    assert set(ended) == {"password_reset"}


def test_a_reset_is_audited_without_a_word_of_the_code(desk: Desk) -> None:
    person = desk.person()
    desk.confirm(desk.code_for(person))
    with desk.app.app_context(), transaction(desk.clinic.id) as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "password_reset")
        ).one()
        assert (entry.actor_id, entry.object_id) == (person.user_id, person.user_id)
        assert (entry.at, entry.detail) == (desk.now, {})
        assert audit.verify_chain(session) == []


def test_what_was_asked_before_a_reset_gives_no_code_after_it(desk: Desk) -> None:
    person = desk.person()
    code = desk.code_for(person)
    desk.later(seconds=5)
    desk.ask(person.email)
    desk.later(seconds=5)
    assert desk.confirm(code) == "set"
    desk.work()
    assert desk.codes() == [code]
    desk.later(seconds=5)
    assert desk.code_for(person) != code


def test_requests_taken_in_the_wrong_order_leave_the_newest_code(desk: Desk) -> None:
    person = desk.person()
    newest = desk.code_for(person)
    desk.later(minutes=-1)
    desk.ask(person.email)
    with desk.worker_app.app_context():
        assert issue_one(desk.now)
    desk.later(minutes=1)
    assert desk.confirm(newest) == "set"


def test_guessing_codes_has_to_wait(desk: Desk) -> None:
    code = desk.code_for(desk.person())
    tried = [desk.confirm("00000-00000-00000-00000") for _ in range(12)]
    assert tried == ["refused"] * 11 + [1]
    assert desk.confirm(code, address=HOME) == 1
    assert desk.confirm(code, address=AWAY) == "set"


def test_asking_again_and_again_has_to_wait_whoever_has_the_address(desk: Desk) -> None:
    known, unknown = desk.person().email, made_up_email()
    expected = ["asked"] * 4 + [1]
    assert [desk.ask(known) for _ in range(5)] == expected
    assert [desk.ask(unknown) for _ in range(5)] == expected
    assert desk.ask(known.upper(), AWAY) == 1  # one mailbox, asked for from everywhere
    for _ in range(30):
        desk.later(seconds=30)
        assert desk.ask(known) == "asked"  # never shut


def test_a_network_address_that_asks_for_many_has_to_wait(desk: Desk) -> None:
    person = desk.person()
    assert [desk.ask(made_up_email()) for _ in range(22)] == ["asked"] * 21 + [1]
    assert desk.ask(person.email) == 1
    assert desk.ask(person.email, AWAY) == "asked"


def test_asking_for_codes_delays_no_log_in(desk: Desk) -> None:
    person = desk.person()
    for _ in range(9):
        desk.ask(person.email, AWAY)
    assert desk.logs_in(person, OLD)


def test_a_success_forgets_the_wrong_code_before_it(desk: Desk) -> None:
    for _ in range(4):
        desk.confirm("00000-00000-00000-00000")
        assert desk.confirm(desk.code_for(desk.person())) == "set"
    with desk.app.app_context():
        try:
            outcome = desk.confirm("00000-00000-00000-00000")
        except RateLimited:  # pragma: no cover - the failure that this test looks for
            outcome = "waits"
    assert outcome == "refused"
