"""Who is not ready gets no ordinary request, and is still asked with what may be danger."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import cycle, islice
from threading import Event
from typing import Any, Final

import orjson

from api.play.phones import Reply, Wire
from tests.builders.entries import phq9
from tests.fixtures.running import free_port, wait_until
from tests.production.guided.following import GuidedMachine
from tests.production.lab.process import LabProcess
from tests.proofs.seen import Seen, verdict

ASKED: Final = 40
MOST: Final = 10 * ASKED
AT_ONCE: Final = 8
PAUSE_S: Final = 0.2
# Twice what is allowed at once.
GUESSES: Final = 20
GUESSER: Final = "127.0.0.8"
SOMEBODY_ELSE: Final = "127.0.0.9"
# HAProxy asks twice before it takes a process for down.
SEEN_AFTER_S: Final = 2.0
WAITING: Final = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
# A status, and how long somebody waited for it in seconds.
Answer = tuple[int, float]


def tried(guided: GuidedMachine, created: dict[str, Any]) -> Iterator[Seen]:
    """One of two processes loses its database; then one is killed, hangs, or is stopped."""
    yield from not_ready(guided, created["patient"])
    yield killed(guided, created["patient"], hangs=False)
    yield killed(guided, created["patient"], hangs=True)
    yield stopped(guided, created["patient"])
    yield restarted(guided, created["patient"])
    yield closed_doors(guided)
    yield whose_guesses(guided)


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
    wait_until(partial(_is_asked, guided, "8002"), "it is alive", 60.0)
    wait_until(lambda: not _up(front.servers("ordinary")[server]), "it is not ready", 60.0)
    before = {pool: front.servers(pool)[server][1] for pool in ("ordinary", "crisis")}
    reads = Counter(client.send("GET", "/v1/me", None, **patient).status for _ in range(ASKED))
    forms: Counter[int] = Counter()
    # HAProxy chooses: on a busy machine it may find the broken one too slow to be asked.
    while forms.total() < MOST and front.servers("crisis")[server][1] == before["crisis"]:
        wait_until(partial(_is_asked, guided, "8002"), "it is alive", 60.0)
        forms.update(
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
        f"{forms.total()} check-ins",
        f"{given['crisis']} went to the broken one first; answers {dict(forms)}",
        [f"answers {dict(forms)}"] * bool(set(forms) - {201})
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


def killed(guided: GuidedMachine, patient: dict[str, str], *, hangs: bool) -> Seen:
    """SIGKILL for a web process while check-ins come in. `hangs`: it was frozen before, and systemd
    does that.
    """
    process, is_asked = _web_process(guided, "8001"), partial(_is_asked, guided, "8001")
    with _in_use(_sending(guided, patient)) as answers:
        if hangs:
            # A busy machine may just have made it too slow for HAProxy.
            wait_until(is_asked, "it is asked", 60.0)
            process.freeze()
            wait_until(lambda: not is_asked(), "HAProxy has seen it", 60.0)
        process.kill()
        enough = len(answers) + ASKED
        wait_until(lambda: len(answers) >= enough, "answers come in", 60.0)
    guided.units.start(process.name)
    wait_until(guided.all_ready, "it is ready again", 60.0)
    size, seen, problems = _in_words(answers, "check-ins")
    longest_s = max(waited_s for _, waited_s in answers)
    return verdict(
        f"a web process that {'hangs and then ' * hangs}is killed costs no phone its answer",
        size,
        f"{seen}, the longest after {longest_s:.1f} s",
        problems + ["nobody waited for it"] * (hangs and longest_s < SEEN_AFTER_S),
    )


def stopped(guided: GuidedMachine, patient: dict[str, str]) -> Seen:
    """A web process is stopped while all that it has waits for a lock."""
    process, is_asked = _web_process(guided, "8001"), partial(_is_asked, guided, "8001")
    with (
        guided.machine.cluster.connect("interlude") as other,
        ThreadPoolExecutor(1) as systemd,
        _in_use(_sending(guided, patient)) as answers,
    ):
        with other.transaction():
            other.execute("SELECT 1 FROM patient_status FOR UPDATE")
            # Not all: those that one process has no thread for wait in it.
            enough = AT_ONCE // 2
            wait_until(lambda: len(other.execute(WAITING).fetchall()) >= enough, "they wait", 60.0)
            stopping = systemd.submit(process.stop)
            wait_until(lambda: not is_asked(), "HAProxy has seen it", 60.0)
        stopping.result()
    guided.units.start(process.name)
    wait_until(guided.all_ready, "it is ready again", 60.0)
    claim = "a web process that is stopped answers what it has"
    return verdict(claim, *_in_words(answers, "check-ins that had to wait"))


def restarted(guided: GuidedMachine, patient: dict[str, str]) -> Seen:
    """One web process after the other, as in an upgrade, while people read and phones send."""
    client = guided.client()

    def read() -> Reply:
        return client.send("GET", "/v1/me", None, **patient)

    with _in_use(_sending(guided, patient), read) as answers:
        for port in ("8001", "8002"):
            name = _web_process(guided, port).name
            guided.units.processes[name].stop()
            guided.units.start(name)
            # Ready, and known to be: HAProxy may not have seen yet that it was away.
            wait_until(partial(_is_ready, guided.machine.ports[port]), "it is ready", 60.0)
            wait_until(guided.all_ready, "HAProxy has seen it", 60.0)
    claim = "web processes restarted one after the other: no request fails"
    return verdict(claim, *_in_words(answers, "requests"))


def _web_process(guided: GuidedMachine, port: str) -> LabProcess:
    return guided.units.processes[f"interlude-web@{guided.machine.ports[port]}.service"]


def _is_asked(guided: GuidedMachine, port: str) -> bool:
    """Does HAProxy give this web process what may be danger?"""
    assert guided.front is not None
    return _up(guided.front.servers("crisis")[str(guided.machine.ports[port])])


def _sending(guided: GuidedMachine, patient: dict[str, str]) -> Callable[[], Reply]:
    client = guided.client()
    return lambda: client.send("POST", "/v1/check-ins", orjson.dumps(phq9()), **patient)


@contextmanager
def _in_use(*requests: Callable[[], Reply]) -> Iterator[list[Answer]]:
    """People make these requests for the length of a block, which begins when they are at work."""
    answers: list[Answer] = []
    over = Event()

    def use(request: Callable[[], Reply]) -> None:
        # Nobody is so fast that nginx would slow them down.
        while not over.wait(PAUSE_S):
            began = time.monotonic()
            status = request().status
            answers.append((status, time.monotonic() - began))

    with ThreadPoolExecutor(AT_ONCE) as people:
        used = [people.submit(use, request) for request in islice(cycle(requests), AT_ONCE)]
        try:
            wait_until(lambda: len(answers) >= ASKED, "people are at work", 60.0)
            yield answers
        finally:
            over.set()
        for one in used:
            one.result()


def _in_words(answers: list[Answer], what: str) -> tuple[str, str, list[str]]:
    """How many, what they were, and what is wrong with that."""
    found = Counter(status for status, _ in answers)
    # 200: a process had stored it before it was silent, and the other one knew it.
    wrong = [f"an answer {status}" for status in sorted(set(found) - {200, 201})]
    return f"{found.total()} {what}, {AT_ONCE} at once", f"answers {dict(found)}", wrong


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


def whose_guesses(guided: GuidedMachine) -> Seen:
    """Codes are guessed by somebody who says of each guess that it is another one's."""
    client, code = guided.client(), orjson.dumps({"code": "AAAAA-AAAAA-AAAAA-AAAAA"})

    def guess(number: int, comes_from: str) -> int:
        forged = {"X_Forwarded_For": f"198.51.100.{number}"}
        path = "/v1/invitations/accept"
        return client.send("POST", path, code, comes_from=comes_from, **forged).status

    guesser = Counter(guess(number, GUESSER) for number in range(GUESSES))
    other = guess(0, SOMEBODY_ELSE)
    return verdict(
        "guesses count for the address that nginx sees, not for those that a client says",
        f"{GUESSES} guesses, each with another X-Forwarded-For",
        f"answers {dict(guesser)}; to somebody else {other}",
        ["the guesser was never slowed down"] * (not guesser[429])
        + [f"somebody else: {other}"] * (other == 429),
    )


def _is_ready(port: int) -> bool:
    with suppress(OSError), closing(Wire(f"http://127.0.0.1:{port}", tries=1)) as wire:
        return wire.send("GET", "/readyz", {}, None).status == 200
    return False


def _up(server: tuple[str, int]) -> bool:
    return server[0] == "UP"
