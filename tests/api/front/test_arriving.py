"""Bodies that arrive whole, late, broken off or in a crowd."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from api.front.arriving import Arrival, Arrivals, Body, Limits

LIMITS = Limits(first_s=30.0, longest_s=120.0, kept_bytes=10, read_bytes=100)
NEVER = None
GONE = {"type": "http.disconnect"}


def part(data: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


def sending(messages: Sequence[dict[str, Any] | None]) -> Any:
    left = list(messages)

    async def receive() -> dict[str, Any]:
        message = left.pop(0)
        if message is NEVER:
            await asyncio.Event().wait()
        assert message is not None
        return message

    return receive


def read(messages: Sequence[dict[str, Any] | None], declared: int | None, limits: Limits) -> Body:
    body = Body("192.0.2.1", declared)
    asyncio.run(Arrivals(limits).read(body, sending(messages)))
    return body


@pytest.mark.parametrize(
    ("messages", "declared", "arrival", "kept", "total"),
    [
        ([part(b"abc", more=False)], 3, Arrival.WHOLE, b"abc", 3),
        ([part(b"ab"), part(b"c", more=False)], None, Arrival.WHOLE, b"abc", 3),
        ([part(b"")], 0, Arrival.BROKEN_OFF, b"", 0),
        ([part(b"ab"), GONE], 3, Arrival.BROKEN_OFF, b"ab", 2),
        ([part(b"ab", more=False)], 3, Arrival.BROKEN_OFF, b"ab", 2),
        ([part(b"x" * 60), part(b"y" * 40, more=False)], 100, Arrival.WHOLE, b"x" * 10, 100),
        ([part(b"x" * 60), part(b"y" * 60), NEVER], 999, Arrival.WHOLE, b"x" * 10, 120),
    ],
)
def test_how_a_body_ends(
    messages: list[Any], declared: int, arrival: Arrival, kept: bytes, total: int
) -> None:
    body = read([*messages, GONE], declared, LIMITS)
    assert (body.arrival, bytes(body.kept), body.total) == (arrival, kept, total)


def test_who_waits_is_late() -> None:
    body = read([part(b"ab"), NEVER], 3, replace(LIMITS, first_s=0.01))
    assert (body.arrival, bytes(body.kept)) == (Arrival.LATE, b"ab")


@pytest.mark.parametrize(
    ("received", "longest_s", "allowed_s"), [(0, 120, 10), (2_000, 120, 11), (900_000, 120, 120)]
)
def test_a_deadline_grows_with_what_arrives(
    received: int, longest_s: float, allowed_s: float
) -> None:
    """10 s, 1 s more for each 2 kB, 120 s at most."""
    limits = replace(LIMITS, first_s=10.0, longest_s=longest_s, read_bytes=10_000_000)
    found: list[float] = []

    async def look() -> None:
        body, began = Body("192.0.2.1"), asyncio.get_running_loop().time()
        first = sending([part(b"x" * received)])

        async def receive() -> dict[str, Any]:
            if body.total or not received:
                assert body.deadline is not None
                found.append((body.deadline.when() or 0.0) - began)
                return GONE
            return await first()

        await Arrivals(limits).read(body, receive)

    asyncio.run(look())
    assert found == [pytest.approx(allowed_s, abs=0.5)]


def crowd(limits: Limits, clients: Sequence[str | None], first: bytes = b"a") -> list[Body]:
    """One body of each begins and waits; then all that still wait are let go on."""
    bodies = [Body(client, 2) for client in clients]

    async def arrive() -> None:
        arrivals, go_on = Arrivals(limits), asyncio.Event()

        def receiver() -> Any:
            left = [part(first), part(b"b", more=False)]

            async def receive() -> dict[str, Any]:
                if len(left) == 1:
                    await go_on.wait()
                return left.pop(0)

            return receive

        reading = [asyncio.create_task(arrivals.read(body, receiver())) for body in bodies]
        for _ in range(5):
            await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(*reading)

    asyncio.run(arrive())
    return bodies


def ends(bodies: Sequence[Body]) -> str:
    return "".join("-" if body.arrival is Arrival.CROWDED_OUT else "+" for body in bodies)


@pytest.mark.parametrize(
    ("clients", "wanted"),
    [
        (["a", "a"], "++"),
        (["a", "a", "a", "b"], "-+++"),
        (["a", "b", "a", "a", "a"], "-+-++"),
        ([None, None, None, "a"], "++++"),
    ],
)
def test_the_oldest_of_one_client_makes_room(clients: list[str | None], wanted: str) -> None:
    bodies = crowd(replace(LIMITS, a_client=2), clients)
    assert ends(bodies) == wanted
    assert all(bytes(body.kept) in (b"a", b"ab") for body in bodies)


def test_the_oldest_of_all_makes_room() -> None:
    assert ends(crowd(replace(LIMITS, bodies=3), ["a", None, "b", "c", "d"])) == "--+++"
    many = replace(LIMITS, bytes_at_once=20)
    assert ends(crowd(many, ["a", "b", "c"], b"12345678")) == "-++"
