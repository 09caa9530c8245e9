"""What nginx refuses by itself on a crisis route bears the generic card, byte for byte."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import orjson

from api.http.card_files import PLAIN, files
from api.play.phones import Reply
from tests.builders.entries import phq9
from tests.fixtures.running import wait_until
from tests.production.guided.following import GuidedMachine
from tests.production.guided.front import OUTSIDE, OutsideClient
from tests.proofs.seen import Seen, verdict

CRISIS: Final = "/v1/check-ins"
COUNTRY, LANGUAGE = "FR", "fr"
# What the guide's configuration lets one address have in hand, and what is refused of more.
IN_HAND: Final = 1_200
OVER: Final = 300
CLINIC_AT_ONCE: Final = 300
FEW: Final = 20
CARDS: Final = {str(path): content for path, content in files()}


def tried(guided: GuidedMachine, created: dict[str, Any]) -> Iterator[Seen]:
    """Each status, as an operator would meet it."""
    client, patient = guided.client(), created["patient"]
    yield too_large(guided, patient)
    yield asyncio.run(too_fast(client, patient))
    yield asyncio.run(too_many(guided))
    yield nobody_there(guided, patient)
    yield too_slow(guided, patient)


def card_problems(reply: Reply, status: int, *, language: str = LANGUAGE) -> list[str]:
    """What is wrong with nginx's own answer on a crisis route."""
    found = []
    if reply.status != status:
        found.append(f"{reply.status} instead of {status}")
    if reply.headers.get("content-type") != "application/problem+json":
        found.append(f"{status} as {reply.headers.get('content-type')}")
    if ("retry-after" in reply.headers) != (status != 413):
        found.append(f"{status} with Retry-After {reply.headers.get('retry-after')}")
    if reply.body != CARDS[f"{COUNTRY}/{language}/{status}.json"]:
        found.append(f"{status} without the card of {COUNTRY}, {language}")
    return found


def plain_problems(reply: Reply, status: int) -> list[str]:
    """The same where nobody is asked about danger."""
    is_right = reply.body == CARDS[f"{PLAIN}/{status}.json"] and reply.status == status
    return [] if is_right else [f"ordinary route: {reply.status} {reply.body[:40]!r}"]


def too_large(guided: GuidedMachine, patient: dict[str, str]) -> Seen:
    """Over 16 MB nginx refuses; below, the service does, and finds the danger in it."""
    client = guided.client()
    over = client.send("POST", CRISIS, b" " * 17_000_000, Accept_Language="fr-CA, en;q=0.5")
    english = client.send("POST", CRISIS, b" " * 17_000_000)
    padded = orjson.dumps(phq9(item9=3)) + b" " * 2_000_000
    guided.mail.reset()
    searched = client.send("POST", CRISIS, padded, **patient)
    problems = card_problems(over, 413) + card_problems(english, 413, language="en")
    problems += plain_problems(client.send("POST", "/v1/auth/login", b" " * 2_000_000), 413)
    if searched.status != 413 or "safety" not in searched.json():
        problems.append(f"2 MB with item 9 = 3: {searched.status}")
    guided.mail.wait_for(1, 30.0)
    return verdict(
        "413 on a crisis route: nginx's beyond 16 MB with the card, the service's below",
        "17 MB, and 2 MB with item 9 = 3 in front",
        "the card's file byte for byte; danger in 2 MB was found and paged by the service",
        problems,
    )


async def too_fast(client: OutsideClient, patient: dict[str, str]) -> Seen:
    """A clinic's phones at once are all let in; who floods is told 429 with the card."""
    body = orjson.dumps({"id": "no record"})
    clinic = Counter(await _at_once(client, CLINIC_AT_ONCE, body, patient))
    # What was let in is forgotten again, at 100 a second.
    await asyncio.sleep(CLINIC_AT_ONCE / 100 + 1)
    began = time.monotonic()
    replies = await _replies(client, IN_HAND + OVER, body, {})
    statuses = Counter(reply.status for reply in replies)
    refused = [reply for reply in replies if reply.status == 429]
    problems = [each for reply in refused for each in card_problems(reply, 429)]
    if set(clinic) - {422}:
        problems.append(f"{CLINIC_AT_ONCE} at once: {dict(clinic)}")
    if not refused or set(statuses) - {401, 429}:
        problems.append(f"a flood: {dict(statuses)}")
    return verdict(
        "429 on a crisis route bears the card, and no clinic behind one address meets it",
        f"{CLINIC_AT_ONCE} at once; then {IN_HAND + OVER} at once",
        f"none refused; then {len(refused)} with the card, the others slowed down and answered"
        f" ({time.monotonic() - began:.0f} s)",
        problems,
    )


async def too_many(guided: GuidedMachine) -> Seen:
    """With a limit of 20 instead of 4,000 requests in hand, the next one is told 503."""
    path = guided.machine.root / "etc/nginx/conf.d/interlude.conf"
    written = path.read_text()
    await asyncio.to_thread(
        _reload, guided, re.sub(r"(limit_conn \w+) 4000;", rf"\1 {FEW};", written)
    )
    client = guided.client()
    half = [await _connection(client) for _ in range(FEW)]
    for _, writer in half:
        writer.write(_head(10, {}))
        await writer.drain()
    # nginx has seen all of them when it refuses one more.
    reply = Reply(0, {}, b"")
    for _ in range(50):
        reply = (await _replies(client, 1, b"{}", {}))[0]
        if reply.status == 503:
            break
    for _, writer in half:
        writer.close()
    await asyncio.to_thread(_reload, guided, written)
    return verdict(
        "503 on a crisis route, when nginx has too much in hand, bears the card",
        f"{FEW} unfinished requests, limit {FEW}",
        "the card's file byte for byte",
        card_problems(reply, 503),
    )


def nobody_there(guided: GuidedMachine, patient: dict[str, str]) -> Seen:
    """Without web processes, then without HAProxy; and all is well when they are back."""
    assert guided.front is not None
    client, units = guided.client(), guided.units
    webs = [name for name in units.processes if name.startswith("interlude-web@")]
    form = orjson.dumps(phq9())
    for name in webs:
        units.processes[name].stop()
    problems = _all_kinds(client, form, 502)
    guided.front.haproxy.stop()
    problems += _all_kinds(client, form, 502)
    guided.front.haproxy.start()
    for name in webs:
        units.start(name)
    wait_until(guided.all_ready, "they are back", 60.0)
    back = client.send("POST", CRISIS, form, **patient).status
    return verdict(
        "502 on a crisis route: no web process, and no HAProxy either",
        "6 refusals",
        "the card's file byte for byte, a page in words for people; 201 when they are back",
        problems + [f"answered {back} afterwards"] * (back != 201),
    )


def _all_kinds(client: OutsideClient, form: bytes, status: int) -> list[str]:
    problems = card_problems(client.send("POST", CRISIS, form, Accept_Language="fr"), status)
    problems += plain_problems(client.send("GET", "/v1/me"), status)
    page = client.send("GET", "/console")
    if page.status != status or b"pages go on to the next person" not in page.body:
        problems.append(f"the console: {page.status}")
    return problems


def too_slow(guided: GuidedMachine, patient: dict[str, str]) -> Seen:
    """HAProxy hangs (SIGSTOP): it takes connections and never answers."""
    assert guided.front is not None
    client = guided.client()
    guided.front.haproxy.freeze()
    began = time.monotonic()
    try:
        reply = client.send("POST", CRISIS, orjson.dumps(phq9()), Accept_Language="fr", **patient)
    finally:
        guided.front.haproxy.thaw()
    return verdict(
        "504 on a crisis route, when nothing answers in time, bears the card",
        "HAProxy frozen",
        f"the card's file byte for byte, after {time.monotonic() - began:.0f} s",
        card_problems(reply, 504),
    )


def _reload(guided: GuidedMachine, configuration: str) -> None:
    """As `systemctl reload nginx`: new workers take over, the old ones finish."""
    assert guided.front is not None
    (guided.machine.root / "etc/nginx/conf.d/interlude.conf").write_text(configuration)
    os.kill(guided.front.nginx.pid, signal.SIGHUP)


async def _connection(
    client: OutsideClient,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", client.port, ssl=client.context,
                                         server_hostname="localhost",
        local_addr=(OUTSIDE, 0))  # fmt: skip


def _head(length: int, headers: dict[str, str]) -> bytes:
    shown = {"Host": "localhost", "Content-Type": "application/json", "Accept-Language": "fr",
             "Content-Length": str(length), "Connection": "close", **headers}  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in shown.items())
    return f"POST {CRISIS} HTTP/1.1\r\n{lines}\r\n".encode()


async def _at_once(
    client: OutsideClient, count: int, body: bytes, headers: dict[str, str]
) -> list[int]:
    return [reply.status for reply in await _replies(client, count, body, headers)]


async def _replies(
    client: OutsideClient, count: int, body: bytes, headers: dict[str, str]
) -> Sequence[Reply]:
    """As many requests at once, each on a connection that is there already."""
    lines = [await _connection(client) for _ in range(count)]

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Reply:
        writer.write(_head(len(body), headers) + body)
        await writer.drain()
        answer = await reader.read()
        writer.close()
        head, _, content = answer.partition(b"\r\n\r\n")
        first, *others = head.decode("latin-1").split("\r\n")
        named = dict(line.lower().split(": ", 1) for line in others)
        return Reply(int(first.split()[1]), named, content)

    return await asyncio.gather(*(ask(*line) for line in lines))
