"""A full sync against the same entries one by one: whole requests in process, by new patients.

Mixed as a phone gathers them: daily forms, two-week forms, side effects, second thoughts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final

from flask.testing import FlaskClient

from benchmarks.bench import Bench, Line
from benchmarks.world import a_clinic
from schemas.phone.sync import MAX_ITEMS
from tests.builders.phone.sync import Item, alone, amendment, check_in, report, statuses, sync
from tests.builders.world import Person

AIM: Final = 3.0
Send = Callable[[FlaskClient, Person, Sequence[Item]], None]


def run(bench: Bench) -> list[Line]:
    """Milliseconds an item, in turns, so that the machine's other work falls on both."""
    clinic, client = a_clinic(bench.app), bench.app.test_client()
    size = min(MAX_ITEMS, 5 * bench.sizes.calls)
    ways: dict[str, Send] = {"sync": _at_once, "single": _one_by_one}
    taken: dict[str, list[float]] = {way: [] for way in ways}
    with bench.steps(f"sync of {size}", bench.sizes.rounds * len(ways)) as done:
        for _ in range(bench.sizes.rounds):
            for way, send in ways.items():
                person, items = clinic.patient(), gathered(size)
                client.get("/v1/me", headers=person.headers)  # a token's first use costs more
                began = time.perf_counter()
                send(client, person, items)
                taken[way].append(1000 * (time.perf_counter() - began) / size)
                done(1)
    ours, single = median(taken["sync"]), median(taken["single"])
    return [
        Line(
            f"sync of {size}",
            f"p50 {ours:.2f}, best {min(taken['sync']):.2f} ms an item",
            f"> {AIM:g} x our single posts",
            single / ours > AIM,
            f"{single / ours:.1f} x: p50 {single:.2f}, best {min(taken['single']):.2f} ms each",
        )
    ]


def gathered(size: int) -> list[Item]:
    """What a phone has gathered in a fortnight; harmless."""
    now, found = datetime.now(UTC), list[Item]()
    for number in range(size):
        at = {"recorded_at": (now - timedelta(days=14) * (size - number) / size).isoformat()}
        kind = number % 10
        if kind < 6:
            found.append(check_in(0, 1, instrument="phq9-daily", **at))
        elif kind < 8:
            found.append(check_in(0, 1, **at))
        elif kind < 9:
            found.append(report("nausea", **at))
        else:
            found.append(amendment(found[-2]))
    return found


def _at_once(client: FlaskClient, person: Person, items: Sequence[Item]) -> None:
    assert set(statuses(sync(client, person, *items))) == {201}


def _one_by_one(client: FlaskClient, person: Person, items: Sequence[Item]) -> None:
    for item in items:
        assert alone(client, person, item).status_code == 201
