"""In which order a sync is written, and that no order, part or repetition changes what it says."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.intake import many
from services.intake.entry import NewEntry
from services.intake.sync import SyncItem, batches
from tests.builders.broken import broken
from tests.builders.calls import at_once, made
from tests.builders.entries import ago
from tests.builders.phone.sync import (
    Item,
    alone,
    amendment,
    asks_for_help,
    check_in,
    entries,
    report,
    report_amendment,
    statuses,
    sync,
)
from tests.builders.stored import alerts, revision, rows
from tests.builders.trends.chart import Chart
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.statements import round_trips

NOTHING = NewEntry(lambda _: UUID(int=0), broken)


def placed(*sent: str) -> list[list[int]]:
    """`a` a form, `a>b` one that amends `b`, `!` urgent: the parts in which they are written."""
    made_up = {name: UUID(int=number) for number, name in enumerate("abcdefgh", 1)}
    made_items = []
    for one in sent:
        name, _, of = one.strip("!").partition(">")
        amended = made_up[of] if of else None
        made_items.append(SyncItem(made_up[name], amended, one.endswith("!"), NOTHING))
    return list(batches(made_items))


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ([], []),
        (["a", "b", "c"], [[0, 1, 2]]),
        (["a", "b!", "c"], [[1], [0, 2]]),
        (["b>a", "a"], [[1, 0]]),
        (["c>b", "b>a", "a", "d!"], [[3], [2, 1, 0]]),
        (["a", "b>a", "c>a!", "d"], [[0, 1, 2], [3]]),
        (["a", "b!", "a"], [[1], [0, 2]]),
        (["a", "b", "a!"], [[0, 2], [1]]),
        (["a>b", "b>a"], [[1, 0]]),
        (["b>a", "c", "d>e!"], [[0, 2], [1]]),
    ],
)
def test_the_order_of_writing(sent: list[str], written: list[list[int]]) -> None:
    assert placed(*sent) == written


def test_a_chain_of_500_amendments_is_put_in_order() -> None:
    ids = [uuid4() for _ in range(500)]
    chain = [SyncItem(one, of, False, NOTHING) for one, of in zip(ids, [None, *ids], strict=False)]
    assert list(batches(chain[::-1])) == [list(reversed(range(500)))]


def test_of_an_id_of_two_kinds_the_first_sent_is_stored(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    """Forms are written before presses on the button, but not before one that has their id."""
    press, form = asks_for_help(), check_in()
    assert statuses(sync(client, clinic.patient(), press, form | {"id": press["id"]})) == [201, 409]


def outbox(dice: random.Random) -> list[Item]:
    """What a phone has gathered in some days: forms, second thoughts, mistakes, presses."""
    sent: list[Item] = []
    for number in range(dice.randint(6, 12)):
        forms = [one for one in sent if one["type"].startswith("check_in")]
        reports = [one for one in sent if one["type"].startswith("side_effects")]
        at = {"recorded_at": ago(hours=40 - number)}
        choices: list[Callable[[], Item]] = [
            lambda at=at: check_in(dice.choice((0, 0, 0, 1, 2, None)), dice.randint(0, 3), **at),
            lambda at=at: check_in(
                0, 1, instrument="phq9-daily", note=dice.choice((None, "quagga")), **at
            ),
            lambda at=at: report(dice.choice(("nausea", "headache", "chest_pain")), **at),
            lambda at=at: asks_for_help(**at),
            lambda at=at: check_in(dice.choice((0, 3)), surprise=1, **at),
        ]
        if forms:
            choices += [lambda forms=forms: amendment(dice.choice(forms), dice.choice((0, 1, 3)))]
        if reports:
            choices += [lambda reports=reports: report_amendment(dice.choice(reports))]
        sent.append(dice.choice(choices)())
    return sent


def twin(sent: list[Item]) -> list[Item]:
    """The same with other ids."""
    ids = {one["id"]: str(uuid4()) for one in sent}
    named = ("id", "of")
    return [
        {name: ids.get(value, value) if name in named else value for name, value in one.items()}
        for one in sent
    ]


def plain(sent: list[Item], answered: dict[str, Any]) -> list[Any]:
    """What was answered, without what differs between twins."""
    apart = ("id", "patient_id", "received_at", "safety", "notice", "stored")
    return [
        {name: value for name, value in answered[one["id"]].items() if name not in apart}
        for one in sent
    ]


def shown(client: FlaskClient, person: Person) -> list[Any]:
    """The current entries, and how many versions each has."""
    found = []
    for kind in ("check-ins", "side-effects", "help-requests"):
        listed = made(client.get(f"/v1/{kind}?limit=500", headers=person.headers), 200)["items"]
        for one in sorted(listed, key=lambda one: one["recorded_at"]):
            entry = made(client.get(f"/v1/{kind}/{one['id']}", headers=person.headers), 200)
            versions = [version.get("answers") for version in entry.get("versions", [])]
            found.append((kind, entry["recorded_at"], one.get("answers"), versions))
    return found


def unsafe(person: Person) -> set[tuple[str, str]]:
    """The alerts, and how grave each is."""
    return {(one["family"], one["severity"]) for one in alerts(person)}


@pytest.mark.parametrize("seed", range(4))
def test_syncs_in_any_parts_and_number_say_what_single_calls_say(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, seed: int
) -> None:
    """Parts overlap, come twice, shuffled and at the same moment; at last all comes once more."""
    dice = random.Random(seed)
    mine = outbox(dice)
    other = twin(mine)
    single, synced = clinic.patient(), clinic.patient()
    one_by_one = {one["id"]: json.loads(alone(client, single, one).data) for one in mine}
    parts = [dice.sample(other, dice.randint(1, len(other))) for _ in range(4)]
    at_once([partial(sync, app.test_client(), synced, *part) for part in parts])
    last = sync(client, synced, *other)
    answers = {one["id"]: one.get("record") or one["problem"] for one in last}

    assert plain(mine, one_by_one) == plain(other, answers)
    stored = {one["id"] for one in last if one["status"] in (200, 201)}
    assert entries(synced) == stored
    again = [200 if code == 201 else code for code in statuses(last)]
    assert statuses(sync(client, synced, *other)) == again
    assert {each for each in unsafe(single) if each[1] == "critical"} <= unsafe(synced)
    # Worsening is judged against what has come before; danger is danger in any order.
    dangers = {"suicide_risk", "unreadable_risk", "e1"}
    mine_found, theirs_found = ({one for one, _ in unsafe(who)} for who in (single, synced))
    assert mine_found & dangers == theirs_found & dangers
    mine_shown, theirs = shown(client, single), shown(client, synced)
    assert [each[:2] for each in mine_shown] == [each[:2] for each in theirs]
    for one, two in zip(mine_shown, theirs, strict=True):
        assert sorted(map(str, one[3])) == sorted(map(str, two[3]))


def test_parallel_syncs_of_the_same_items_are_one(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, sent = clinic.patient(), [check_in(n % 2, recorded_at=ago(hours=n)) for n in range(8)]
    found = at_once([partial(sync, app.test_client(), pat, *sent) for _ in range(8)])
    assert sorted(code for each in found for code in statuses(each)) == [200] * 56 + [201] * 8
    assert len({json.dumps(one["record"]) for each in found for one in each}) == 8
    assert [one["occurrence_count"] for one in alerts(pat)] == [4]


def decided(person: Person, sent: list[Item]) -> list[Any]:
    """What the rules decided about each, without ids."""
    query = "SELECT entry_id, decided, revision FROM decisions WHERE patient_id = :id"
    found = {str(row["entry_id"]): row for row in rows(person, query, id=person.patient_id)}
    return [
        [(rule["rule"], rule["fired"], rule["tier"]) for rule in found[one["id"]]["decided"]]
        for one in sent
    ]


@pytest.mark.parametrize("treated", [False, True])
def test_many_harmless_forms_are_judged_and_counted_like_single_ones(
    clinic: ClinicWorld, treated: bool
) -> None:
    """They wait for each other, and are written as a few statements."""
    dice, staff = random.Random(7), clinic.staff()
    single, synced = Chart(clinic, staff=staff), Chart(clinic, staff=staff)
    for chart in (single, synced):
        if treated:
            chart.session(chart.course(), datetime.now(UTC) - timedelta(days=6))
    mine = [
        check_in(
            0,
            dice.randint(0, 2),
            instrument=dice.choice(("phq9-daily", "phq9-daily", "phq9")),
            recorded_at=ago(hours=9 * (40 - number)),
            note=dice.choice((None, "quagga")),
        )
        for number in range(40)
    ]
    other = twin(mine)
    for one in mine:
        made(alone(single.client, single.pat, one))
    again = [*other, *other[:3], other[5] | {"note": "other, quagga"}]
    found = sync(synced.client, synced.pat, *again)
    assert statuses(found) == [201] * 40 + [200] * 3 + [409]
    assert decided(single.pat, mine) == decided(synced.pat, other)
    assert revision(single.pat) == revision(synced.pat)
    assert unsafe(single.pat) == unsafe(synced.pat)
    trends = [chart.trend() for chart in (single, synced)]
    assert trends[0]["series"] == trends[1]["series"]
    assert trends[0]["current"] == trends[1]["current"]
    synced.check_cache()


OF_ONE_PHONE = ("id", "root_id", "patient_id", "check_in_id", "family_id", "received_at")
TABLES = (
    "SELECT * FROM check_ins WHERE patient_id = :id ORDER BY revision",
    "SELECT contents.* FROM check_in_contents contents JOIN check_ins form"
    " ON form.patient_id = contents.patient_id AND form.id = check_in_id"
    " WHERE form.patient_id = :id ORDER BY form.revision",
    "SELECT * FROM side_effect_reports WHERE patient_id = :id ORDER BY revision",
)


def stored(person: Person) -> list[Any]:
    """What stands in the tables of forms and reports, without what differs between twins; what is
    encrypted is only there.
    """
    return [
        {
            name: "sealed" if isinstance(value, bytes) else value
            for name, value in row.items()
            if name not in OF_ONE_PHONE
        }
        for table in TABLES
        for row in rows(person, table, id=person.patient_id)
    ]


def second_thoughts(dice: random.Random, count: int) -> list[Item]:
    """Forms and reports of a fortnight, then other answers to some, and to those again."""
    sent: list[Item] = []
    for number in range(count):
        at = {"recorded_at": ago(hours=9 * (40 - number))}
        kind = dice.choice(("phq9-daily", "phq9-daily", "phq9", "report"))
        codes = dice.sample(("nausea", "headache", "urinary_frequency", "craving_or_extra_use"), 2)
        sent.append(
            report(*codes, grade=dice.randint(1, 3), **at)
            if kind == "report"
            else check_in(0, dice.randint(0, 3), instrument=kind, **at)
        )
    for _ in range(count):
        of = dice.choice(sent)
        if of["type"].startswith("side_effects"):
            sent.append(report_amendment(of, dice.choice(("nausea", "dizziness"))))
        else:
            # Without an item there is no total. A 1 could be a C-SSRS's yes, and comes first.
            others = dice.choice((0, 2, 3, None))
            sent.append(amendment(of, 0, others or 0))
            if others is None:
                del sent[-1]["answers"]["q3"]
    return sent


@pytest.mark.parametrize("seed", range(4))
def test_second_thoughts_are_judged_and_counted_like_single_ones(
    clinic: ClinicWorld, seed: int
) -> None:
    """Amendments and reports wait as forms do: what follows sees them before they are written."""
    dice, staff = random.Random(seed), clinic.staff()
    single, synced = Chart(clinic, staff=staff), Chart(clinic, staff=staff)
    if seed % 2:
        for chart in (single, synced):
            chart.session(chart.course(), datetime.now(UTC) - timedelta(days=6))
    mine = second_thoughts(dice, 20)
    other = twin(mine)
    for one in mine:
        made(alone(single.client, single.pat, one))
    assert statuses(sync(synced.client, synced.pat, *other)) == [201] * len(mine)
    assert stored(single.pat) == stored(synced.pat)
    assert decided(single.pat, mine) == decided(synced.pat, other)
    assert revision(single.pat) == revision(synced.pat)
    assert unsafe(single.pat) == unsafe(synced.pat)
    assert [each[:3] for each in shown(single.client, single.pat)] == [
        each[:3] for each in shown(synced.client, synced.pat)
    ]
    trends = [chart.trend() for chart in (single, synced)]
    assert trends[0]["series"] == trends[1]["series"]
    synced.check_cache()


def test_who_asks_for_help_is_written_first(client: FlaskClient, clinic: ClinicWorld) -> None:
    """However many risky forms are sent with it: they may take longer than one transaction may."""
    pat = clinic.patient()
    sent = [*(check_in(2, recorded_at=ago(hours=n)) for n in range(1, 9)), asks_for_help()]
    assert statuses(sync(client, pat, *sent)) == [201] * len(sent)
    query = "SELECT revision FROM help_requests WHERE patient_id = :id"
    assert [row["revision"] for row in rows(pat, query, id=pat.patient_id)] == [1]


@pytest.mark.parametrize(
    "between", [{"instrument": "mood", "answers": {"q1": 4}}, {"recorded_at": ago(days=1200)}]
)
def test_what_joins_no_series_hides_nothing_that_waits(
    clinic: ClinicWorld, between: dict[str, Any]
) -> None:
    """A form without rules, or of a time that cannot be believed, between those of a series and
    between two pressures that are a crisis only together.
    """
    synced, crisis = Chart(clinic), {"vitals": {"systolic": 185, "diastolic": 100}}
    first, second = (report(recorded_at=ago(minutes=at), **crisis) for at in (30, 20))
    days = [
        check_in(0, 1, instrument="phq9-daily", recorded_at=ago(days=number))
        for number in range(7, 0, -1)
    ]
    other = check_in(**{"instrument": "phq9-daily", **between})
    sent = [*days[:4], first, other, *days[4:], second]
    assert statuses(sync(synced.client, synced.pat, *sent)) == [201] * len(sent)
    assert unsafe(synced.pat) == {("e2", "high")}
    synced.check_cache()


def trips_of(clinic: ClinicWorld, items: list[Item], trace: Path) -> int:
    """To the database, of one sync that stores them all."""
    chart = Chart(clinic)
    with pytest.MonkeyPatch.context() as patched, round_trips(chart.pat.app, trace) as count:
        patched.setattr(many, "LOCKED_FOR_S", 600.0)  # however slow this machine is
        assert set(statuses(sync(chart.client, chart.pat, *items))) == {201}
        return count()


def test_five_hundred_forms_are_a_few_round_trips_as_fifty_are(
    clinic: ClinicWorld, tmp_path: Path
) -> None:
    """What is known around them is asked many at once, and written as a few statements."""
    few, many = (
        [check_in(instrument="phq9-daily", recorded_at=ago(hours=9 + n)) for n in range(count)]
        for count in (50, 500)
    )
    trace = tmp_path / "trace"
    trips_of(clinic, [check_in(instrument="phq9-daily")], trace)  # a new connection costs its own
    assert trips_of(clinic, many, trace) <= trips_of(clinic, few, trace) + 4 < 40


def test_amendments_are_a_few_round_trips_too(clinic: ClinicWorld, tmp_path: Path) -> None:
    few, many = (
        [*forms, *(amendment(one) for one in forms)]
        for forms in (
            [check_in(recorded_at=ago(hours=9 + n)) for n in range(count)] for count in (20, 200)
        )
    )
    trace = tmp_path / "trace"
    assert trips_of(clinic, many, trace) <= trips_of(clinic, few, trace) + 16 < 60


def test_what_is_asked_ahead_is_asked_again_once_something_was_written(
    clinic: ClinicWorld,
) -> None:
    """What is risky is written at once, between forms that are not: each sees all before it."""
    staff = clinic.staff()
    single, synced = Chart(clinic, staff=staff), Chart(clinic, staff=staff)
    levels = [3, 3, 3, 3, 3, 3, 0, 0, 0, 1, 0, 0, 2, 1, 0, 0, 0, 1]
    mine = [
        check_in(level if level < 3 else 0, level, instrument="phq9-daily", recorded_at=ago(days=n))
        for n, level in reversed(list(enumerate(levels)))
    ]
    # As the sync writes them: those in danger first.
    mine = [one for one in mine if one["answers"]["q9"]] + [
        one for one in mine if not one["answers"]["q9"]
    ]
    other = twin(mine)
    for one in mine:
        made(alone(single.client, single.pat, one))
    assert statuses(sync(synced.client, synced.pat, *other)) == [201] * len(levels)
    assert decided(single.pat, mine) == decided(synced.pat, other)
    assert revision(single.pat) == revision(synced.pat)
    counted = [alert["occurrence_count"] for alert in alerts(synced.pat)]
    assert counted == [alert["occurrence_count"] for alert in alerts(single.pat)]
    assert sum(counted) >= 4
    synced.check_cache()
