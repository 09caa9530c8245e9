"""Who is not ready gets no ordinary request, and is still asked with what may be danger."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from threading import Event
from typing import Any, Final

import orjson

from api.play.phones import Wire
from tests.builders.entries import phq9
from tests.fixtures.running import free_port, wait_until
from tests.production.guided.following import GuidedMachine
from tests.proofs.seen import Seen, verdict

ASKED: Final = 40
AT_ONCE: Final = 8
PAUSE_S: Final = 0.2


def tried(guided: GuidedMachine, created: dict[str, Any]) -> Iterator[Seen]:
    """One of two processes loses its database; then one is killed under load."""
    yield from not_ready(guided, created["patient"])
    yield killed(guided, created["patient"])
    yield restarted(guided, created["patient"])
    yield closed_doors(guided)


def not_ready(guided: GuidedMachine, patient: dict[str, str]) -> Iterator[Seen]:
    """The second web process cannot reach the database any more, as when its network is gone."""
    assert guided.front is not None
    units, front, client = guided.units, guided.front, guided.client()
    second = guided.machine.ports["8002"]
    name = f"interlude-web@{second}.service"
    units.processes[name].stop()
    units.processes[name].environ = _astray(units.processes[name].environ)
    units.processes[name].start()
    server = str(second)
    wait_until(lambda: _up(front.servers("crisis")[server]), "it is alive", 60.0)
    wait_until(lambda: not _up(front.servers("ordinary")[server]), "it is not ready", 60.0)
    before = {pool: front.servers(pool)[server][1] for pool in ("ordinary", "crisis")}
    reads = Counter(client.send("GET", "/v1/me", None, **patient).status for _ in range(ASKED))
    forms = Counter(
        client.send("POST", "/v1/check-ins", orjson.dumps(phq9()), **patient).status
        for _ in range(ASKED)
    )
    after = {pool: front.servers(pool)[server][1] for pool in ("ordinary", "crisis")}
    given = {pool: after[pool] - before[pool] for pool in after}
    yield verdict(
        "a process whose /readyz is false gets no ordinary request",
        f"{ASKED} requests, 1 of 2 processes without its database",
        f"{given['ordinary']} went to it; answers {dict(reads)}",
        [f"{given['ordinary']} went to it"] * bool(given["ordinary"])
        + [f"answers {dict(reads)}"] * (reads != {200: ASKED}),
    )
    yield verdict(
        "a crisis route goes to who is alive; what one cannot store, the other one does",
        f"{ASKED} check-ins",
        f"{given['crisis']} went to the broken one first; answers {dict(forms)}",
        [f"answers {dict(forms)}"] * (forms != {201: ASKED})
        + ["the broken one was never asked"] * (not given["crisis"]),
    )
    units.processes[name].stop()
    units.processes.pop(name)
    units.start(name)
    wait_until(lambda: _up(front.servers("ordinary")[server]), "it is ready again", 60.0)


def _astray(environ: Mapping[str, str]) -> dict[str, str]:
    """The same, with a database where nobody listens."""
    url = re.sub(r":\d+/", f":{free_port()}/", environ["INTERLUDE_DATABASE_URL"])
    return {**environ, "INTERLUDE_DATABASE_URL": url}


def killed(guided: GuidedMachine, patient: dict[str, str]) -> Seen:
    """SIGKILL for a web process while check-ins come in."""
    assert guided.front is not None
    port = guided.machine.ports["8001"]
    name, client = f"interlude-web@{port}.service", guided.client()

    def send(_number: int) -> int:
        return client.send("POST", "/v1/check-ins", orjson.dumps(phq9()), **patient).status

    with ThreadPoolExecutor(AT_ONCE) as phones:
        sent = phones.map(send, range(3 * ASKED))
        first = [next(sent) for _ in range(ASKED)]
        guided.units.processes[name].kill()
        found = Counter([*first, *sent])
    guided.units.start(name)
    is_up = partial(guided.front.servers, "ordinary")
    wait_until(lambda: _up(is_up()[str(port)]), "it is ready again", 60.0)
    return verdict(
        "a web process that is killed costs no phone its answer",
        f"{3 * ASKED} check-ins, {AT_ONCE} at once",
        f"answers {dict(found)}",
        # 200: it had stored the answer when it was killed, and the other one knew it.
        [f"answers {dict(found)}"] * bool(set(found) - {200, 201}),
    )


def restarted(guided: GuidedMachine, patient: dict[str, str]) -> Seen:
    """One web process after the other, as in an upgrade, while people read and phones send."""
    assert guided.front is not None
    client = guided.client()
    over = Event()

    def use(number: int) -> Counter[int]:
        found: Counter[int] = Counter()
        # Nobody is so fast that nginx would slow them down.
        while not over.wait(PAUSE_S):
            if number % 2:
                reply = client.send("POST", "/v1/check-ins", orjson.dumps(phq9()), **patient)
            else:
                reply = client.send("GET", "/v1/me", None, **patient)
            found[reply.status] += 1
        return found

    with ThreadPoolExecutor(AT_ONCE) as people:
        used = [people.submit(use, number) for number in range(AT_ONCE)]
        try:
            for port in ("8001", "8002"):
                name = f"interlude-web@{guided.machine.ports[port]}.service"
                guided.units.processes[name].stop()
                guided.units.start(name)
                # Ready, and known to be: HAProxy may not have seen yet that it was away.
                wait_until(partial(_is_ready, guided.machine.ports[port]), "it is ready", 60.0)
                wait_until(guided.all_ready, "HAProxy has seen it", 60.0)
        finally:
            over.set()
        found: Counter[int] = Counter()
        for one in used:
            found.update(one.result())
    return verdict(
        "web processes restarted one after the other: no request fails",
        f"{found.total()} requests, {AT_ONCE} at once",
        f"answers {dict(found)}",
        [f"answers {dict(found)}"] * bool(set(found) - {200, 201}),
    )


def closed_doors(guided: GuidedMachine) -> Seen:
    """Figures are not for outside; a name without TLS leads to the one with it."""
    client = guided.client()
    statuses = {path: client.send("GET", path).status for path in ("/metrics", "/readyz")}
    others = ("/healthz", "/safetyz", "/openapi.json")
    open_ones = {path: client.send("GET", path).status for path in others}
    problems = [f"{path}: {status}" for path, status in statuses.items() if status != 404]
    problems += [f"{path}: {status}" for path, status in open_ones.items() if status != 200]
    return verdict(
        "/metrics and /readyz are not for outside",
        f"{len(statuses) + len(open_ones)} addresses",
        "404; /healthz, /safetyz and /openapi.json are 200",
        problems,
    )


def _is_ready(port: int) -> bool:
    with suppress(OSError), closing(Wire(f"http://127.0.0.1:{port}", tries=1)) as wire:
        return wire.send("GET", "/readyz", {}, None).status == 200
    return False


def _up(server: tuple[str, int]) -> bool:
    return server[0] == "UP"
