"""Another address for an account: by its password and its mailbox, and the old one may undo it."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random
from threading import Barrier

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import undefer

from models import Notification, User
from services.accounts.account import email_digest
from services.accounts.own_account import change_password, get_me
from services.clinic.contacts import replace_last_resort
from services.exceptions import (
    AddressCodeInvalid,
    Invalid,
    LinkInvalid,
    RateLimited,
    Unauthenticated,
)
from services.membership.invitations import InvitationForm, invite
from services.membership.users import change_user
from services.password_reset.issue import issue_one
from services.password_reset.reset import ask_for_reset, confirm_reset
from services.unit_of_work import transaction
from tests.builders.world import Person, World, made_up_email
from tests.services.membership.mailroom import DAY, HOME, PASSWORD, Mailroom


@pytest.mark.parametrize("role", ["patient", "clinician", "on_call", "admin"])
def test_the_old_address_stays_until_the_new_mailbox_confirms(room: Mailroom, role: str) -> None:
    person, email = room.person(role), made_up_email()
    code, _ = room.ask(person, email)
    assert (room.email(person), room.opens(person.email), room.opens(email)) == (
        person.email,
        True,
        False,
    )
    room.now += 23 * timedelta(hours=1)
    assert room.confirm(room.again(person), code.lower().replace("-", " ")) == email
    assert (room.opens(person.email), room.opens(email)) == (False, True)
    notice = room.letters()[-1]
    assert (notice["topic"], notice["address"]) == ("changed", person.email)


def test_pages_follow_the_administrator_and_the_last_resort_is_never_empty(room: Mailroom) -> None:
    admin = room.clinic.admin
    room.give_password(admin)
    room.clinic.contact(f"mailto:{admin.email}")
    room.clinic.contact("mailto:other@clinic.example")
    email = made_up_email()
    code, link = room.ask(admin, email)
    assert room.chain() == [admin.email, "other@clinic.example", admin.email]
    room.confirm(admin, code)
    assert room.chain() == [email, "other@clinic.example", email]
    room.undo(link)
    assert room.chain() == [admin.email, "other@clinic.example", admin.email]


def test_undoing_leaves_what_another_administrator_has_set_meanwhile(room: Mailroom) -> None:
    admin, email = room.clinic.admin, made_up_email()
    room.give_password(admin)
    code, link = room.ask(admin, email)
    room.confirm(admin, code)
    second = room.clinic.staff("admin")
    with room.app.app_context():
        replace_last_resort(second.actor, "mailto:board@clinic.example", room.now)
    room.undo(link)
    assert (room.chain(), room.email(admin)) == (["board@clinic.example"], admin.email)


def test_a_patients_address_moves_no_contact(room: Mailroom) -> None:
    patient = room.person("patient")
    room.clinic.contact(f"mailto:{patient.email}")
    room.confirm(patient, room.ask(patient, made_up_email())[0])
    assert patient.email in room.chain()


def test_a_typo_is_corrected_before_it_is_confirmed(room: Mailroom) -> None:
    person, typo, meant = room.person(), made_up_email("typo"), made_up_email()
    first, _ = room.ask(person, typo)
    second, _ = room.ask(person, meant)
    with pytest.raises(AddressCodeInvalid):
        room.confirm(person, first)
    assert room.confirm(person, second) == meant
    assert room.confirm(person, second) == meant  # the answer was lost


def test_a_code_ends_with_its_day_its_password_and_its_owner(room: Mailroom) -> None:
    person, other = room.person(), room.person()
    code, _ = room.ask(person, made_up_email())
    with pytest.raises(AddressCodeInvalid):
        room.confirm(other, code)
    room.now += DAY
    with pytest.raises(AddressCodeInvalid):
        room.confirm(room.again(person), code)
    person = room.again(person)
    code, _ = room.ask(person, made_up_email())
    with room.app.app_context():
        change_password(person.actor, PASSWORD, "a new long password", room.now)
    with pytest.raises(AddressCodeInvalid):
        room.confirm(person, code)


def test_the_old_mailbox_stops_a_change_and_everybody_logs_in_again(room: Mailroom) -> None:
    person = room.person()
    code, link = room.ask(person, made_up_email())
    room.undo(link)
    with room.app.app_context(), pytest.raises(Unauthenticated):
        get_me(person.actor, room.now)
    with pytest.raises(AddressCodeInvalid):
        room.confirm(room.again(person), code)
    with pytest.raises(LinkInvalid):
        room.undo(link)
    assert room.opens(person.email)


def test_whoever_took_an_account_over_keeps_nobody_out(room: Mailroom) -> None:
    """Two changes in a row: the first link takes both back, the later ones are worth nothing."""
    owner = room.person("patient")
    first, link = room.ask(owner, made_up_email())
    room.confirm(owner, first)
    second, stolen = room.ask(owner, made_up_email())
    room.confirm(owner, second)
    room.now += 6 * DAY
    room.undo(link)
    assert (room.email(owner), room.opens(owner.email)) == (owner.email, True)
    with pytest.raises(LinkInvalid):
        room.undo(stolen)
    with room.app.app_context():
        ask_for_reset(owner.email, HOME, room.now)
    with room.worker_app.app_context():
        assert issue_one(room.now)


@pytest.mark.parametrize("over", [False, True])
def test_a_change_can_be_undone_for_seven_days_from_its_confirmation(
    room: Mailroom, over: bool
) -> None:
    person, email = room.person("patient"), made_up_email()
    code, link = room.ask(person, email)
    room.now += 20 * timedelta(hours=1)
    room.confirm(room.again(person), code)
    room.now += 7 * DAY - (not over) * timedelta(seconds=1)
    if over:
        with pytest.raises(LinkInvalid):
            room.undo(link)
    else:
        room.undo(link)
    assert room.email(person) == (email if over else person.email)


def test_an_address_that_another_account_got_all_the_same_is_not_given_back(
    room: Mailroom,
) -> None:
    """It cannot be, and nothing is half done."""
    person, other, email = room.person(), room.person(), made_up_email()
    code, link = room.ask(person, email)
    room.confirm(person, code)
    digest = email_digest(person.email)
    with room.app.app_context(), transaction(room.clinic.id) as session:
        session.execute(update(User).where(User.id == other.user_id).values(email_digest=digest))
    with pytest.raises(Invalid):
        room.undo(link)
    with room.app.app_context():
        assert get_me(person.actor, room.now).email == email


def test_a_made_up_link_undoes_nothing(room: Mailroom) -> None:
    _, link = room.ask(room.person(), made_up_email())
    for wrong in ("", "x", "é", link[:-1], f"_{link[1:]}", link + "A", "A" * 86):
        with pytest.raises(LinkInvalid):
            room.undo(wrong)


def test_the_address_that_was_left_is_kept_for_seven_days(room: Mailroom) -> None:
    """Or whoever took an administrator's account over could give the address away."""
    person = room.person()
    room.confirm(person, room.ask(person, made_up_email())[0])
    form = InvitationForm(person.email, "Sam Quagga", ("clinician",))
    with room.app.app_context():
        with pytest.raises(Invalid):
            invite(room.clinic.admin.actor, form, room.now)
        other = room.person()
        with pytest.raises(Invalid):
            room.confirm(other, room.ask(other, person.email)[0])
        room.now += 7 * DAY
        admin = room.again(room.clinic.admin)
        assert invite(admin.actor, form, room.now).user_id != person.user_id


def test_nobody_learns_whether_an_address_has_an_account(room: Mailroom, world: World) -> None:
    """It is said only to whoever reads the mailbox; of another clinic nothing is said at all."""
    person, here = room.person(), room.person()
    elsewhere = world.clinic().staff()
    with pytest.raises(Invalid) as refused:
        room.confirm(person, room.ask(person, here.email)[0])
    assert list(refused.value.errors) == ["email"]
    assert room.confirm(person, room.ask(person, elsewhere.email)[0]) == elsewhere.email


def test_it_takes_the_password_and_a_few_tries_only(room: Mailroom) -> None:
    person, patient = room.person(), room.clinic.patient()
    with pytest.raises(Invalid):
        room.ask(patient, made_up_email(), "")
    for _ in range(4):
        with pytest.raises(Invalid):
            room.ask(person, made_up_email(), "wrong")
    with pytest.raises(RateLimited):
        room.ask(person, made_up_email())


def test_letters_to_addresses_that_nobody_confirmed_are_bounded(room: Mailroom) -> None:
    person = room.person()
    for _ in range(3):
        room.ask(person, made_up_email())
    with pytest.raises(RateLimited):
        room.ask(person, made_up_email())


def test_a_code_for_a_new_password_in_the_old_mailbox_ends_with_the_change(room: Mailroom) -> None:
    person = room.person()
    with room.app.app_context():
        ask_for_reset(person.email, HOME, room.now)
    with room.worker_app.app_context():
        assert issue_one(room.now)
    (code,) = _plain_codes(room)
    room.confirm(person, room.ask(person, made_up_email())[0])
    with room.app.app_context(), pytest.raises(Exception, match="not valid"):
        confirm_reset(code, "a new long password", HOME, room.now)


def _plain_codes(room: Mailroom) -> list[str]:
    query = select(Notification).where(Notification.kind == "letter")
    with room.worker_app.app_context(), transaction() as session:
        rows = session.scalars(query.options(undefer(Notification.sealed_code)))
        sealed = [row.sealed_code or "" for row in rows]
    return [each for each in sealed if re.fullmatch(r"(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}", each)]


def test_an_account_that_ends_takes_its_changes_along(room: Mailroom) -> None:
    person, pending = room.person(), room.person()
    code, link = room.ask(person, made_up_email())
    room.confirm(person, code)
    waiting, _ = room.ask(pending, made_up_email())
    with room.app.app_context():
        for each in (person, pending):
            change_user(room.clinic.admin.actor, each.user_id, room.now, active=False)
        form = InvitationForm(person.email, "Sam Quagga", ("clinician",))
        invite(room.clinic.admin.actor, form, room.now)
        change_user(room.clinic.admin.actor, pending.user_id, room.now, active=True)
    with pytest.raises(LinkInvalid):
        room.undo(link)
    with pytest.raises(AddressCodeInvalid):
        room.confirm(room.again(pending), waiting)


def test_undoing_and_confirming_at_once_leave_the_old_address(room: Mailroom) -> None:
    people = [room.person("patient") for _ in range(6)]
    for person in people:
        code, link = room.ask(person, made_up_email())
        gate = Barrier(2)

        def confirm(person: Person = person, code: str = code, gate: Barrier = gate) -> None:
            gate.wait(10)
            try:
                room.confirm(person, code)
            except (AddressCodeInvalid, Unauthenticated):
                return

        def undo(link: str = link, gate: Barrier = gate) -> None:
            gate.wait(10)
            room.undo(link)

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(confirm), pool.submit(undo)]:
                done.result()
    assert [room.email(person) for person in people] == [person.email for person in people]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_done_in_whatever_order_the_owner_gets_the_address_back(
    room: Mailroom, seed: int
) -> None:
    """Asked, confirmed, waited: the last resort is always the administrator's address, and the
    first link of the last seven days gives back what was before.
    """
    random = Random(seed)
    admin = room.clinic.admin
    room.give_password(admin)
    current, codes, undoable = admin.email, dict[str, str](), list[tuple[datetime, str, str]]()
    for _ in range(10):
        room.now += timedelta(minutes=20)
        action = random.choice(("ask", "confirm", "confirm", "wait"))
        if action == "ask":
            email = made_up_email()
            code, link = room.ask(room.again(admin), email)
            codes = {code: f"{email} {link}"}
        elif action == "confirm" and codes:
            code, kept = codes.popitem()
            email, link = kept.split()
            assert room.confirm(room.again(admin), code) == email
            undoable.append((room.now, link, current))
            current = email
        else:
            codes = {}
            room.now += random.choice((DAY, 3 * DAY))
        assert (room.email(admin), room.chain()) == (current, [current])
    good = [each for each in undoable if room.now < each[0] + 7 * DAY]
    if good:
        room.undo(good[0][1])
        assert (room.email(admin), room.chain()) == (good[0][2], [good[0][2]])
    assert room.opens(room.email(admin))
