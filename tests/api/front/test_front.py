"""The front as a server drives it: lanes, held answers, streamed answers, the watchdog."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from api.front.front import Front, Lane, lane_of
from api.front.watchdog import EXIT_CODE, Watchdog, deaf_processes, say_well, signs_of_life
from api.front.wsgi_call import PART_BYTES, Application
from api.http.hold import HEADER
from api.settings import Settings
from services.rules.languages.texts import TEXTS
from tests.builders.world import made_up_email
from tests.fixtures.app import SECRET

ALERT = "/a/019f0000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("method", "path", "lane"),
    [
        ("GET", "/healthz", Lane.HEALTH),
        ("GET", "/readyz", Lane.CRISIS),
        ("POST", "/v1/check-ins", Lane.CRISIS),
        ("POST", "/v1/check-ins/1/amend", Lane.CRISIS),
        ("POST", "/v1/help-requests", Lane.CRISIS),
        ("PUT", "/v1/side-effects", Lane.CRISIS),
        ("POST", "/v1/alerts/1/acknowledge", Lane.CRISIS),
        ("GET", ALERT, Lane.CRISIS),
        ("POST", f"/prefix{ALERT}/acknowledge", Lane.CRISIS),
        ("POST", f"{ALERT}/log-in", Lane.ORDINARY),
        ("GET", "/v1/check-ins", Lane.ORDINARY),
        ("POST", "/v1/auth/login", Lane.ORDINARY),
        ("GET", "/v1/patients/1/trend", Lane.ORDINARY),
    ],
)
def test_whose_threads_a_request_takes(method: str, path: str, lane: Lane) -> None:
    assert lane_of(method, path) is lane


def ask(
    app: Application, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], list[bytes]]:
    """Status, headers and the parts in which the answer was sent."""
    sent: list[dict[str, Any]] = []
    shown = {"content-type": "application/json", "content-length": str(len(body)), **headers}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in shown.items()],
        "client": ("192.0.2.7", 50_000),
        "server": ("127.0.0.1", 8000),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    settings = Settings(secret_key=SECRET)
    asyncio.run(Front(app, settings)(scope, receive, send))
    start, *parts = sent
    headed = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], headed, [part["body"] for part in parts]


def test_a_request_is_answered_as_the_application_answers(app: Flask) -> None:
    status, headers, parts = ask(app, "GET", "/healthz")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert b"".join(parts) == app.test_client().get("/healthz").data


@pytest.mark.parametrize("path", ["/v1/%0d%0aX: y", "/v1/%ff%fe", "/v1/\u00e9".encode().decode()])
def test_strange_paths_are_not_found(app: Flask, path: str) -> None:
    assert ask(app, "GET", path)[0] == 404


def test_headers_with_underscores_are_no_headers() -> None:
    seen: list[set[str]] = []

    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        seen.append({name for name in environ if name.startswith("HTTP_")})
        start("204 No Content", [])
        return []

    ask(app, "GET", "/seen", x_forwarded_for="198.51.100.9", cookie="a=1")
    assert seen == [{"HTTP_COOKIE"}]


def test_a_refused_log_in_leaves_when_it_may(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("api.front.front.asyncio.sleep", wait)
    body = f'{{"email": "{made_up_email()}", "password": "wrong"}}'.encode()
    status, headers, _ = ask(app, "POST", "/v1/auth/login", body)
    assert status == 401
    assert HEADER.lower() not in headers
    (waited,) = waits
    assert waited <= 1.0


def test_a_long_answer_travels_in_parts_and_is_closed() -> None:
    ended: list[str] = []

    def app(_environ: dict[str, Any], start: Any) -> Iterator[bytes]:
        start("200 OK", [])
        try:
            for _ in range(5):
                yield b"x" * (PART_BYTES // 2)
        finally:
            ended.append(threading.current_thread().name.partition("-")[0])

    _, _, parts = ask(app, "GET", "/long")
    assert [len(part) for part in parts] == [PART_BYTES, PART_BYTES, PART_BYTES // 2]
    assert ended == ["ordinary"]


def test_what_raises_outside_the_application_is_answered() -> None:
    def app(_environ: dict[str, Any], start: Any) -> Iterator[bytes]:
        start("200 OK", [])
        raise OSError
        yield b""

    status, headers, parts = ask(app, "GET", "/broken")
    assert (status, headers["content-type"]) == (500, "application/problem+json")
    assert b"do not know" in b"".join(parts)
    assert "safety" not in json.loads(b"".join(parts))

    _, _, parts = ask(app, "POST", "/v1/check-ins", b"{}")
    safety = json.loads(b"".join(parts))["safety"]
    assert safety["resources"]
    assert "do not count on it" in safety["monitoring"]
    french = {"accept-language": "fr-CH, en;q=0.5"}
    _, _, parts = ask(app, "POST", "/v1/check-ins", b"{}", **french)
    assert TEXTS["fr"].card.unknown in json.loads(b"".join(parts))["safety"]["monitoring"]


def test_a_clock_that_is_set_makes_no_process_deaf(tmp_path: Path) -> None:
    ended = threading.Event()
    asked: list[object] = []

    async def front(scope: object, _receive: object, _send: object) -> None:
        asked.append(scope)
        if len(asked) > 1:  # the first answer has left its sign; no other follows
            await asyncio.Event().wait()

    async def live() -> None:
        watchdog = Watchdog(front, 0.05, tmp_path, lambda _code: ended.set())
        watchdog.start(asyncio.get_running_loop())
        await asyncio.to_thread(ended.wait, 10)

    asyncio.run(live())
    (sign,) = signs_of_life(tmp_path).iterdir()
    assert 0 <= time.monotonic() - sign.stat().st_mtime <= 60


@pytest.mark.parametrize("answers", [True, False])
def test_a_process_that_does_not_answer_itself_ends(tmp_path: Path, *, answers: bool) -> None:
    asked, ended = threading.Event(), threading.Event()
    codes: list[int] = []

    async def front(_scope: object, _receive: object, _send: object) -> None:
        asked.set()
        if not answers:
            await asyncio.Event().wait()

    def end(code: int) -> None:
        codes.append(code)
        ended.set()

    async def live() -> None:
        watchdog = Watchdog(front, 0.05, tmp_path, end)
        watchdog.start(asyncio.get_running_loop())
        await asyncio.to_thread((asked if answers else ended).wait, 10)
        watchdog.stop()

    asyncio.run(live())
    assert codes == ([] if answers else [EXIT_CODE])


def test_systemd_has_word_while_it_answers_and_when_it_ends_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answered once: a word for that, and one for whoever takes its place."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    ended = threading.Event()
    asked: list[object] = []

    async def front(scope: object, _receive: object, _send: object) -> None:
        asked.append(scope)
        if len(asked) > 1:
            await asyncio.Event().wait()

    async def live() -> None:
        watchdog = Watchdog(front, 0.05, tmp_path, lambda _code: ended.set())
        watchdog.start(asyncio.get_running_loop())
        await asyncio.to_thread(ended.wait, 10)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        asyncio.run(live())
        systemd.setblocking(False)
        assert [systemd.recv(100), systemd.recv(100)] == [b"READY=1\nWATCHDOG=1"] * 2
        with pytest.raises(BlockingIOError):
            systemd.recv(100)


@pytest.mark.parametrize("listener", ["nobody", "a full queue"])
def test_a_systemd_that_does_not_listen_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: str
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        if listener == "a full queue":
            systemd.bind(str(tmp_path / "notify"))
        for _ in range(5_000):
            say_well()


@pytest.mark.parametrize("fault", ["hangs", "raises"])
def test_a_sign_of_life_that_cannot_be_left_ends_no_process(tmp_path: Path, fault: str) -> None:
    """The database hangs or is gone: the process goes on, and tries it again."""
    tried, asked, released = threading.Event(), threading.Event(), threading.Event()
    codes: list[int] = []
    tries: list[int] = []

    async def front(_scope: object, _receive: object, _send: object) -> None:
        if tried.is_set():
            asked.set()

    def alive() -> None:
        tries.append(1)
        if fault == "raises" and len(tries) < 3:
            raise OSError
        tried.set()
        released.wait(10)

    async def live() -> None:
        watchdog = Watchdog(front, 0.05, tmp_path, codes.append, alive, alive_every_s=0.01)
        watchdog.start(asyncio.get_running_loop())
        await asyncio.to_thread(asked.wait, 10)
        watchdog.stop()
        released.set()

    asyncio.run(live())
    assert (asked.is_set(), codes) == (True, [])
    assert len(tries) == (3 if fault == "raises" else 1)


def test_only_refused_log_ins_ask_to_wait(app: Flask) -> None:
    client = app.test_client()
    body = {"email": made_up_email(), "password": "wrong"}
    assert client.post("/v1/auth/login", json=body).headers[HEADER] == "1.0"
    assert HEADER not in client.get("/v1/me").headers


def test_a_process_too_deaf_to_ask_itself_is_known_by_its_old_sign(tmp_path: Path) -> None:
    signs = signs_of_life(tmp_path)
    signs.mkdir()
    now = time.time()
    for pid, answered_ago in (("41", 19.0), ("42", 21.0), ("no-process", 99.0)):
        (signs / pid).touch()
        os.utime(signs / pid, (now - answered_ago, now - answered_ago))
    assert list(deaf_processes(tmp_path, 10.0, now)) == [42]
    assert list(deaf_processes(tmp_path, 10.0, now)) == []
