"""A Python client is generated from the document of a running server, and used against it.

Nothing of it is kept: an app author runs the same generator (docs/mobile.md).
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.fixtures.running import BIN, RunningService

NAME = "interlude_client"


@dataclass
class Generated:
    """The generated package and a server to use it against."""

    url: str
    clients: list[Any] = field(default_factory=list)

    def call(self, where: str, client: Any, **arguments: Any) -> Any:
        """One call, by its tag and its name, and what came back as a model."""
        module = import_module(f"{NAME}.api.{where}")
        return module.sync_detailed(client=client, **arguments)

    def model(self, name: str) -> Any:
        """A class of the document."""
        return getattr(import_module(f"{NAME}.models"), name)

    def of(self, token: str = "") -> Any:
        """A client with this access token."""
        module = import_module(f"{NAME}.client")
        made = module.AuthenticatedClient(base_url=self.url, token=token)
        self.clients.append(made if token else module.Client(base_url=self.url))
        return self.clients[-1]


@pytest.fixture(scope="module")
def generated(running: RunningService, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("client")
    document = folder / "openapi.json"
    document.write_bytes(running.send("GET", "/openapi.json", {}).body)
    words = ["generate", "--path", document, "--output-path", folder / NAME, "--meta", "none"]
    done = subprocess.run(
        [str(BIN / "openapi-python-client"), *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": ""},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # Swagger UI's files have no type of their own, and nothing to call.
    missing = {line for line in done.stdout.splitlines() if line.startswith("WARNING")}
    assert missing <= {"WARNING parsing GET /docs/{asset} within docs."}
    sys.path.insert(0, str(folder))
    use = Generated(running.url)
    yield use
    for client in use.clients:
        client.get_httpx_client().close()
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


def accepted(use: Generated, by: Any, role: str) -> Any:
    """Somebody who took an invitation of this person's."""
    asked = use.model("InvitationIn")(
        email=f"{role}-{uuid4()}@example.org",
        name="Ada Example",
        roles=[use.model("InvitationInRolesItem")(role)],
    )
    invitation = use.call("invitations.post_invitation", by, body=asked).parsed
    taken = use.model("AcceptIn")(
        code=invitation.code, password=f"quagga {uuid4()}", device_id=str(uuid4())
    )
    grant = use.call("auth.post_accept", use.of(), body=taken).parsed
    assert [each.value for each in grant.user.roles] == [role]
    return use.of(grant.access_token)


def form(use: Generated, item9: int, **changes: Any) -> dict[str, Any]:
    """Fields of a check-in."""
    answers = {f"q{item}": 1 for item in range(1, 9)} | {"q9": item9} | changes
    return {
        "id": uuid4(),
        "instrument": "phq9",
        "answers": use.model("CheckInInAnswers").from_dict(answers),
        "recorded_at": datetime.now(UTC),
    }


@pytest.fixture(scope="module")
def people(running: RunningService, generated: Generated) -> tuple[Any, Any]:
    """A clinician, and the phone of a patient whom they invited."""
    token = running.clinic().admin.headers["Authorization"].removeprefix("Bearer ")
    clinician = accepted(generated, generated.of(token), "clinician")
    return clinician, accepted(generated, clinician, "patient")


def test_a_day_of_a_phone_and_of_a_clinician(generated: Generated, people: tuple[Any, Any]) -> None:
    use, (clinician, phone) = generated, people
    sent = use.model("CheckInIn")(**form(use, 0))
    plain = use.call("check_ins.post_check_in", phone, body=sent)
    assert (plain.status_code, plain.parsed.score.total, plain.parsed.safety) == (201, 8, None)
    risky = use.call("check_ins.post_check_in", phone, body=use.model("CheckInIn")(**form(use, 3)))
    assert risky.parsed.safety.level.value == "crisis"
    assert any(each.phone for each in risky.parsed.safety.resources)
    sent.answers["q1"] = 2
    refused = use.call("check_ins.post_check_in", phone, body=sent).parsed
    assert isinstance(refused, use.model("EntryConflictProblem"))
    assert refused.stored.answers["q1"] == 1
    stored = synced(use, phone)
    assert copied(use, phone) == {plain.parsed.id, risky.parsed.id, *stored}
    acknowledge(use, clinician)


def synced(use: Generated, phone: Any) -> list[UUID]:
    """The ids that stand after a sync of mixed items; what is wrong is told apart by its type."""
    now, original = datetime.now(UTC), form(use, 1)
    items = [
        use.model("SyncCheckInAmendment")(
            type_="check_in_amendment",
            id=uuid4(),
            of=original["id"],
            reason="slip",
            answers=use.model("SyncCheckInAmendmentAnswers").from_dict({"q9": 1}),
        ),
        sync_check_in(use, original),
        use.model("SyncSideEffects")(
            type_="side_effects",
            id=uuid4(),
            recorded_at=now,
            effects=[use.model("EffectIn")(code="nausea", grade=1)],
        ),
        sync_check_in(use, form(use, 0, q1=99)),
        use.model("SyncHelpRequest")(type_="help_request", id=uuid4(), recorded_at=now),
    ]
    answer = use.call("sync.post_sync", phone, body=use.model("SyncIn")(items=items)).parsed
    assert [type(each).__name__ for each in answer.results] == [
        "SyncStoredCheckIn",
        "SyncStoredCheckIn",
        "SyncStoredSideEffects",
        "SyncRefused",
        "SyncStoredHelpRequest",
    ]
    assert answer.results[3].problem.code.value == "validation_failed"
    assert answer.results[4].record.safety.level.value == "crisis"
    return [answer.results[place].id for place in (0, 2, 4)]


def sync_check_in(use: Generated, fields: dict[str, Any]) -> Any:
    answers = use.model("SyncCheckInAnswers").from_dict(fields["answers"].to_dict())
    return use.model("SyncCheckIn")(type_="check_in", **fields | {"answers": answers})


def copied(use: Generated, phone: Any) -> set[UUID]:
    """What a copy holds that reads all changes from the beginning."""
    copy: dict[UUID, Any] = {}
    ask: dict[str, Any] = {"limit": 2}
    while True:
        page = use.call("changes.get_changes", phone, **ask).parsed
        for change in page.items:
            if isinstance(change, use.model("Deletion")):
                copy.pop(change.id, None)
            else:
                copy[change.id] = change.record
        ask["cursor"] = page.next_cursor
        if not page.items:
            return set(copy)


def acknowledge(use: Generated, clinician: Any) -> None:
    """The clinician takes the alert of the risky answer."""
    listed = use.call("alerts.get_alerts", clinician).parsed
    (found,) = [each for each in listed.items if each.family == "suicide_risk"]
    taken = use.call("alerts.post_acknowledgement", clinician, alert_id=found.id).parsed
    assert (taken.status.value, taken.evidence.item9) == ("acknowledged", 3)
