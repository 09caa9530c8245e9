"""The service in this process, on a database of its own, for tools that send it requests.

Everything in it is made through the public doors: the command line and HTTP.
"""

from __future__ import annotations

import atexit
import io
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from flask import Flask
from sqlalchemy import make_url
from werkzeug.test import TestResponse

from api import create_app
from api.settings import Settings, SmtpServer

SECRET: Final = "4f1Zk9-qWm2Xc7Lr0Tn5Vb8Ys3Hd6JpGaEuRiOo"  # noqa: S105 -- of a database that is thrown away
PASSWORD: Final = "correct horse battery staple"  # noqa: S105 -- of made-up staff
ZONE: Final = "America/New_York"
# Access tokens live 15 minutes.
FRESH_FOR: Final = timedelta(minutes=10)


@contextmanager
def own_service(smtp: SmtpServer | None = None) -> Iterator[Flask]:
    """The application on a new embedded server, whose files are gone when the process has ended.

    The request log goes nowhere. Without ``smtp`` so do the pages.
    """
    # Whoever is told to end leaves no server behind.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="interlude-tool-"))
    # The server is left when the process ends: its folder goes after that.
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with redirect_stderr(io.StringIO()):
        first = create_app(Settings(secret_key=SECRET, data_dir=folder))
        yield create_app(settings_for(first.config["SQLALCHEMY_DATABASE_URI"], folder, smtp))


def settings_for(url: str, folder: Path, smtp: SmtpServer | None) -> Settings:
    """Settings that name each role's URL: a command then need not look for the server again."""

    def url_of(role: str) -> str:
        return make_url(url).set(username=role).render_as_string(hide_password=False)

    return Settings(
        secret_key=SECRET,
        data_dir=folder,
        database_url=url_of("interlude_app"),
        owner_database_url=url_of("interlude_owner"),
        worker_database_url=url_of("interlude_worker"),
        auditor_database_url=url_of("interlude_auditor"),
        sealer_database_url=url_of("interlude_sealer"),
        smtp=smtp,
        mail_from="interlude@hospital.test",
    )


def command(app: Flask, *words: str) -> str:
    """What a command of ours prints; raises ``RuntimeError`` when it fails."""
    done = app.test_cli_runner().invoke(args=list(words))
    if done.exit_code:
        raise RuntimeError(f"{' '.join(words)}: {done.output}") from done.exception
    return done.output


@dataclass
class Person:
    """Somebody with an account, on one device that keeps its tokens fresh."""

    app: Flask
    email: str
    tokens: dict[str, Any]
    patient_id: str = ""
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def headers(self) -> dict[str, str]:
        """A bearer header that holds now."""
        if datetime.now(UTC) - self.since > FRESH_FOR:
            self._renew()
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    def _renew(self) -> None:
        """Staff who were away for twelve hours log in again."""
        client = self.app.test_client()
        spent = {"Authorization": f"Bearer {self.tokens['refresh_token']}"}
        answer = client.post("/v1/auth/refresh", headers=spent)
        if answer.status_code == 401 and not self.patient_id:
            words = {"email": self.email, "password": PASSWORD}
            answer = client.post("/v1/auth/login", json=words)
        # Whoever may not log in any more sends what they have, and is refused.
        if answer.status_code == 200:
            self.tokens, self.since = body_of(answer, 200), datetime.now(UTC)

    def send(self, method: str, path: str, **content: Any) -> TestResponse:
        """One request of theirs."""
        client = self.app.test_client()
        return client.open(path, method=method, headers=self.headers, **content)


def body_of(answer: TestResponse, status: int) -> dict[str, Any]:
    """The JSON of an answer with this status; raises ``RuntimeError`` for any other."""
    if answer.status_code != status:
        raise RuntimeError(
            f"{answer.request.path}: {answer.status}: {answer.get_data(as_text=True)}"
        )
    found: dict[str, Any] = answer.get_json()
    return found


@dataclass(frozen=True)
class Clinic:
    """A clinic with its administrator."""

    app: Flask
    id: str
    admin: Person

    def patient(self, name: str, **fields: Any) -> Person:
        """A patient who has accepted; ``fields`` are those of ``patient`` in an invitation."""
        invited = self._invite(name, "patient", patient=fields)
        return accepted(self.app, {"code": invited["code"]}, invited["patient_id"])

    def clinician(self, name: str) -> Person:
        """A clinician who has accepted."""
        code = self._invite(name, "clinician")["code"]
        return accepted(self.app, {"code": code, "password": PASSWORD})

    def _invite(self, name: str, role: str, **more: Any) -> dict[str, Any]:
        address = f"{name.lower()}@{role}.test"
        form = {"email": address, "name": name, "roles": [role], "timezone": ZONE, **more}
        return body_of(self.admin.send("POST", "/v1/invitations", json=form), 201)


def new_clinic(app: Flask) -> Clinic:
    """A clinic in New York."""
    words = ("North Clinic", "--timezone", ZONE, "--country", "US")
    made = json.loads(command(app, "clinic", "create", *words, "--admin", "admin@north.test"))
    admin = accepted(app, {"code": made["invitation_code"], "password": PASSWORD})
    return Clinic(app, made["clinic_id"], admin)


def accepted(app: Flask, body: dict[str, str], patient_id: str = "") -> Person:
    """Who an accepted invitation makes."""
    made = body_of(app.test_client().post("/v1/invitations/accept", json=body), 201)
    return Person(app, made["user"]["email"], made, patient_id)


def progress(line: str) -> None:
    """Tell whoever waits, on the real standard error."""
    print(line, file=sys.__stderr__, flush=True)
