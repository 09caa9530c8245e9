"""Send requests at a clock that moves, and keep what was answered."""

from __future__ import annotations

import hashlib
import heapq
import json
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

import psycopg
import pypdfium2
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import make_url
from werkzeug.test import TestResponse

from tools.own_service import Person, command
from tools.recorded_requests.masks import Masks
from tools.recorded_requests.receivers import Mailbox, Webhook

# A Monday; the clocks in New York change six days later.
START: Final = datetime(2026, 3, 2, tzinfo=UTC)
OURS: Final = UUID("5eed0000-0000-4000-8000-000000000000")
SHOWN_HEADERS: Final = (
    "Allow",
    "Cache-Control",
    "Content-Disposition",
    "Content-Security-Policy",
    "ETag",
    "Location",
    "Retry-After",
    "WWW-Authenticate",
)
TEXTS: Final = ("json", "text/", "csv", "svg", "javascript")
LONGEST_TEXT: Final = 1_000_000
SHOWN_BYTES: Final = 2_000
# Whose rows are read at the end: what was decided is shown by no answer.
TABLES: Final = (
    "decisions",
    "alerts",
    "alert_occurrences",
    "alert_events",
    "notifications",
    "patient_status",
    "standing_plans",
    "audit_entries",
)

Story = Iterator[datetime]


def at(day: int, hour: int = 14, minute: int = 0) -> datetime:
    """An instant of the simulated weeks, in UTC."""
    return START + timedelta(days=day, hours=hour, minutes=minute)


def iso(moment: datetime) -> str:
    """As a phone writes it."""
    return moment.isoformat()


@dataclass
class Recorder:
    """One run."""

    app: Flask
    clock: time_machine.Traveller
    mailbox: Mailbox
    webhook: Webhook
    progress: Callable[[str], object]
    steps: list[dict[str, Any]] = field(default_factory=list)
    masks: Masks = field(default_factory=Masks)
    requests: int = 0
    letters: list[dict[str, str]] = field(default_factory=list)
    on_call: list[Person] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        """The simulated instant."""
        return datetime.now(UTC)

    def play(self, *stories: Story) -> None:
        """Let the stories take place, each going on at the instants that it names."""
        waiting = [(next(story), number, story) for number, story in enumerate(stories)]
        heapq.heapify(waiting)
        while waiting:
            due, number, story = heapq.heappop(waiting)
            if due.date() != self.now.date():
                self.progress(f"{due:%Y-%m-%d}: {self.requests} requests")
            self.clock.move_to(max(due, self.now))
            following = next(story, None)
            if following is not None:
                heapq.heappush(waiting, (following, number, story))

    def keep(self, who: str, what: str, **seen: Any) -> None:
        """Keep one step; times pass between steps, so that nothing happens at the same instant."""
        where = f"{who} {self.now:%m-%d %H:%M}"
        step = {"at": self.now.isoformat(), "who": who, "what": self.masks.text(what, where)}
        self.steps.append(step | {name: self._masked(value, where) for name, value in seen.items()})
        self.clock.shift(timedelta(seconds=1))

    def answered(self, who: str, what: str, sent: Any, answer: TestResponse) -> None:
        """Keep one request with its answer."""
        self.requests += 1
        headers = {name: answer.headers[name] for name in SHOWN_HEADERS if name in answer.headers}
        if "Allow" in headers:
            headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
        cookies = sorted(one.partition("=")[0] for one in answer.headers.getlist("Set-Cookie"))
        self.keep(
            who,
            what,
            sent=sent,
            status=answer.status_code,
            type=answer.content_type,
            headers=headers | ({"Set-Cookie": cookies} if cookies else {}),
            body=body_of(answer),
        )

    def run(self, *words: str) -> str:
        """A command, and what it prints; a fault of it is kept as well."""
        done = self.app.test_cli_runner().invoke(args=list(words))
        self.keep("operator", " ".join(words), exit_code=done.exit_code, printed=done.output)
        return str(done.output)

    def worker(self) -> None:
        """One pass of the alert worker, and the pages that came of it."""
        printed = command(self.app, "alerts", "work", "--once")
        self.name_alerts()
        mails = self.mailbox.taken()
        self.letters += [one for one in mails if "X-Interlude-Alert" not in one]
        pages = [json.dumps(one) for one in (*mails, *self.webhook.taken())]
        # What is due at the same instant is sent in any order, and may be of equal words.
        shown = sorted(self.masks.known(one) for one in pages)
        self.keep("worker", "pages", pages=[json.loads(one) for one in shown], printed=printed)

    def name_alerts(self) -> None:
        """Give each new alert a name that does not depend on the order in which they were opened:
        several may be opened at the same instant.
        """
        for person in self.on_call:
            listed = person.send("GET", "/v1/alerts?limit=500").get_json()["items"]
            named = [
                (f"{one['family']} of {self.masks.known(str(one['patient_id']))}", one["id"])
                for one in listed
            ]
            for name, identifier in sorted(named):
                self.masks.know_new(identifier, name.replace("<", "").replace(">", ""))

    def tables(self) -> None:
        """Rows as they are, read by the superuser of the embedded server: row-level security shows
        the owner nothing.
        """
        url = make_url(self.app.config["SQLALCHEMY_DATABASE_URI"])
        plain = url.set(drivername="postgresql", username="postgres")
        with psycopg.connect(plain.render_as_string(), autocommit=True) as connection:
            for table in TABLES:
                try:
                    rows = connection.execute(f"SELECT to_jsonb(t)::text FROM {table} t").fetchall()  # noqa: S608 -- our own list
                    seen: Any = sorted(self._row(row[0]) for row in rows)
                except psycopg.Error as error:
                    seen = type(error).__name__
                self.keep("operator", f"table {table}", rows=seen)

    def _row(self, text: str) -> str:
        """Without bytes, which are encrypted, and without its place among all rows."""
        row = {name: value for name, value in json.loads(text).items() if name != "seq"}
        plain = re.sub(r'"\\\\x[0-9a-f]*"', '"<bytes>"', json.dumps(row, sort_keys=True))
        return self.masks.known(plain)

    def _masked(self, value: Any, where: str) -> Any:
        if isinstance(value, str):
            has_hash = value.startswith("{") and '"content_hash"' in value
            return (self.masks.document if has_hash else self.masks.text)(value, where)
        if isinstance(value, list):
            return [self._masked(one, where) for one in value]
        if isinstance(value, dict):
            return {name: self._masked(one, where) for name, one in value.items()}
        return value


def body_of(answer: TestResponse) -> str:
    """The body as text; of a picture its size, as the digest of the report is written in it."""
    kind = answer.mimetype or "text/"
    if kind == "image/png":
        return "{} x {} pixels".format(*struct.unpack(">II", answer.data[16:24]))
    if kind == "application/pdf":
        return text_of_pdf(answer.data)
    if any(word in kind for word in TEXTS) and len(answer.data) < LONGEST_TEXT:
        return answer.get_data(as_text=True)
    return f"{len(answer.data)} bytes, SHA-256 {hashlib.sha256(answer.data).hexdigest()}"


def text_of_pdf(content: bytes) -> str:
    """The words of each page."""
    with closing(pypdfium2.PdfDocument(content)) as document:
        return "\n\n".join(page.get_textpage().get_text_range() for page in document)


@dataclass
class Caller:
    """Somebody who sends requests: with an account, or nobody."""

    recorder: Recorder
    name: str
    account: Person | None = None
    made: int = 0

    @property
    def id(self) -> str:
        """Of the patient."""
        return self.account.patient_id if self.account else ""

    @property
    def path(self) -> str:
        """Of the patient, for staff."""
        return f"/v1/patients/{self.id}"

    def new_id(self) -> str:
        """The next id that this phone makes."""
        self.made += 1
        found = str(uuid5(OURS, f"{self.name} {self.made}"))
        self.recorder.masks.know(found, f"{self.name}'s {self.made}")
        return found

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        client: FlaskClient | None = None,
    ) -> TestResponse:
        """One request; ``body`` is a document, bytes or nothing."""
        shown = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        own = self.account.headers if self.account else {}
        content: dict[str, Any] = {}
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body)
            kind = shown.get("Content-Type", "application/json")
            content = {"data": data, "content_type": kind}
        answer = (client or self.recorder.app.test_client()).open(
            path, method=method, headers={**own, **shown}, **content
        )
        if path == "/v1/invitations" and answer.status_code == 201:
            self._name_invited(body["name"], answer.get_json())
        what = " ".join(
            [f"{method} {path}", *(f"{name}: {value}" for name, value in shown.items())]
        )
        sent = repr(body[:SHOWN_BYTES]) if isinstance(body, bytes) else body
        self.recorder.answered(self.name, what, sent, answer)
        return answer

    def _name_invited(self, name: str, invited: dict[str, str]) -> None:
        for kind in ("user_id", "patient_id"):
            if kind in invited:
                self.recorder.masks.know_new(invited[kind], f"{kind.removesuffix('_id')} {name}")

    def get(self, path: str, **headers: str) -> TestResponse:
        """Read."""
        if path.partition("?")[0] == "/v1/alerts":
            self.recorder.name_alerts()
        return self.send("GET", path, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Write."""
        return self.send("POST", path, body, headers)

    def patch(self, path: str, body: Any) -> TestResponse:
        """Change."""
        return self.send("PATCH", path, body)

    def put(self, path: str, body: Any) -> TestResponse:
        """Replace."""
        return self.send("PUT", path, body)

    def delete(self, path: str) -> TestResponse:
        """Take away."""
        return self.send("DELETE", path)
