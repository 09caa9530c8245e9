"""One client process with many connections, in one thread: it must cost little beside a server."""

from __future__ import annotations

import gc
import math
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

PART: Final = 1 << 18
HEAD_ENDS: Final = b"\r\n\r\n"
LENGTH: Final = b"content-length:"
COME_BACK: Final = b"retry-after:"
LAST_PART: Final = b"0\r\n\r\n"
SILENT_S: Final = 60.0
# Who was told to come back, comes as precisely.
LOOK_S: Final = 0.02


class SilentServerError(RuntimeError):
    """Nobody answered for a minute."""


@dataclass(slots=True)
class Load:
    """What was seen of one load: seconds of each answer by status, from first to last byte."""

    taken: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    client_cpu_s: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.taken) / self.seconds


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of ordered figures: 0 < share <= 100."""
    return ordered[math.ceil(len(ordered) * share / 100) - 1]


def request(
    method: str, path: str, token: str, body: bytes = b"", accept: str = "application/json"
) -> bytes:
    """The bytes of one request, as a phone on a kept connection sends them."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Accept: {accept}\r\n"
    )
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def drive(
    port: int,
    requests: Iterator[bytes],
    clients: int,
    at_most_s: float,
    beside: Sequence[bytes] = (),
) -> Load:
    """Send what is given, each client one request at a time, until it ends or so long.

    `beside`: other clients that send one request each, again and again meanwhile (those who are
    told to come back, after as long as they are told); not counted.

    Raises:
        SilentServerError: the server does not answer.
        OSError: it is not there, or hangs up before its answer is whole.
    """
    found = Load()
    poll = select.epoll()
    counted = [_Connection(port) for _ in range(clients)]
    others = _Others([_Connection(port, again) for again in beside])
    by_number = {one.number: one for one in (*counted, *others.connections)}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    gc.disable()
    try:
        others.begin()
        cpu, began = time.process_time(), time.perf_counter()
        waiting = sum(one.send(next(requests, None)) for one in counted)
        while waiting or others.running:
            for one in _ready(poll, by_number, others, go_on=bool(waiting)):
                status = one.read()
                if not status:
                    continue
                now = time.perf_counter()
                if one.again is not None:
                    others.answered(one, now, go_on=bool(waiting))
                    continue
                found.taken.append(now - one.sent_at)
                found.statuses[status] += 1
                late = now - began > at_most_s
                waiting -= not one.send(None if late else next(requests, None))
                if not waiting:
                    found.seconds = now - began
                    found.client_cpu_s = time.process_time() - cpu
    finally:
        gc.enable()
        poll.close()
        for one in by_number.values():
            one.close()
    return found


def _ready(
    poll: select.epoll, by_number: dict[int, _Connection], others: _Others, *, go_on: bool
) -> list[_Connection]:
    """Who has something to read; those who were told to come back do so meanwhile."""
    silent_since = time.perf_counter()
    while time.perf_counter() - silent_since < SILENT_S:
        ready = poll.poll(LOOK_S if others.away else SILENT_S)
        others.come_back(time.perf_counter(), go_on=go_on)
        if ready:
            return [by_number[number] for number, _ in ready]
        if not go_on and not others.running:
            return []
    raise SilentServerError


class _Others:
    """Clients beside those that count. `away`: who was told to come back, and when."""

    def __init__(self, connections: Sequence[_Connection]) -> None:
        self.connections, self.running = connections, 0
        self.away: list[tuple[float, _Connection]] = []

    def begin(self) -> None:
        """All of them ask."""
        self.running = sum(one.send(one.again) for one in self.connections)

    def answered(self, one: _Connection, now: float, *, go_on: bool) -> None:
        """It asks again, at once or later, while those that count `go_on`."""
        if one.away_s:
            self.away.append((now + one.away_s, one))
        if one.away_s or not one.send(one.again if go_on else None):
            self.running -= 1

    def come_back(self, now: float, *, go_on: bool) -> None:
        """Those whose time has come ask again."""
        for due in [each for each in self.away if each[0] <= now]:
            self.away.remove(due)
            self.running += due[1].send(due[1].again if go_on else None)


def _number(head: bytes, name: bytes) -> int | None:
    at = head.find(name)
    if at < 0:
        return None
    end = head.find(b"\r\n", at)
    return int(head[at + len(name) : end if end >= 0 else None])


class _Connection:
    """One client: what it sent, and what has come of the answer."""

    def __init__(self, port: int, again: bytes | None = None) -> None:
        self.again, self.away_s = again, 0.0
        self._socket = socket.create_connection(("127.0.0.1", port), SILENT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = self._socket.fileno()
        self.sent_at = 0.0
        self._came = bytearray()
        self._ends: int | None = None
        self._is_in_parts = False

    def send(self, content: bytes | None) -> bool:
        """Was there something to send?"""
        if content is None:
            return False
        self._came, self._ends, self._is_in_parts = bytearray(), None, False
        self.away_s = 0.0
        self.sent_at = time.perf_counter()
        self._socket.sendall(content)
        return True

    def read(self) -> int:
        """The status of an answer that is whole now, else 0."""
        part = self._socket.recv(PART)
        if not part:
            raise ConnectionResetError("the server hung up before its answer was whole")
        self._came += part
        came = self._came
        if self._ends is None and not self._is_in_parts:
            head = came.find(HEAD_ENDS)
            if head < 0:
                return 0
            self._look(bytes(came[:head]).lower(), head + len(HEAD_ENDS))
        whole = came.endswith(LAST_PART) if self._is_in_parts else len(came) >= (self._ends or 0)
        return int(came[9:12]) if whole else 0

    def _look(self, head: bytes, begins: int) -> None:
        length = _number(head, LENGTH)
        self._is_in_parts = length is None and b"transfer-encoding: chunked" in head
        self._ends = None if self._is_in_parts else begins + (length or 0)
        self.away_s = float(_number(head, COME_BACK) or 0)

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self._socket.close()
