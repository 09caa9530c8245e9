"""A clinic that works: people come in by their invitations, and an answer pages by mail."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import orjson

from tests.builders.entries import phq9
from tests.builders.world import made_up_email
from tests.fixtures.running import wait_until
from tests.production.guided.following import GuidedMachine
from tests.production.guided.front import OutsideClient
from tests.proofs.seen import Seen, verdict

PASSWORD = "a night-heron counts 7 quiet stones"


def tried(guided: GuidedMachine, created: dict[str, Any]) -> Iterator[Seen]:
    """From the invitation that `clinic create` printed to the page."""
    client = guided.client()
    admin = posted(
        client, "/v1/invitations/accept", code=created["invitation_code"], password=PASSWORD
    )
    created["patient"] = new_patient(client, admin["access_token"])
    guided.mail.reset()
    began = time.monotonic()
    reply = client.send("POST", "/v1/check-ins", orjson.dumps(phq9(item9=2)), **created["patient"])
    answered_s = time.monotonic() - began
    stored = reply.status == 201
    mails = guided.mail.wait_for(1, 30.0) if stored else []
    paged_s = guided.mail.arrived_at[0] - began if mails else 0.0
    linked = any(f"{guided.machine.url}/a/" in mail.get_content() for mail in mails)
    yield verdict(
        "item 9 = 2 over TLS pages somebody by SMTP, with a link",
        "1 check-in through nginx and HAProxy",
        f"201 after {answered_s * 1000:.0f} ms, the page after {paged_s * 1000:.0f} ms",
        [f"answered {reply.status}"] * (not stored) + ["no link to the alert"] * (not linked),
    )
    yield the_rest_works(guided)


def new_patient(client: OutsideClient, token: str) -> dict[str, str]:
    """The header of a patient who has accepted the clinic's invitation."""
    bearer = {"Authorization": f"Bearer {token}"}
    person = {"email": made_up_email("pat"), "name": "Pat Quagga", "roles": ["patient"]}
    invited = posted(client, "/v1/invitations", bearer, **person)
    accepted = posted(client, "/v1/invitations/accept", code=invited["code"])
    return {"Authorization": f"Bearer {accepted['access_token']}"}


def the_rest_works(guided: GuidedMachine) -> Seen:
    """Auditor, retention, sealer and the proof of the chain, by their units and by hand."""
    problems = [
        f"{unit} ended with {code}"
        for unit in ("interlude-auditor.service", "interlude-retention.service")
        if (code := guided.units.run(unit))
    ]
    seen = ""

    def is_sealed() -> bool:
        nonlocal seen
        seen = guided.machine.run("interlude audit verify")[0]
        return "complete up to" in seen

    wait_until(is_sealed, "the sealer has sealed", 30.0)
    ended = [name for name, one in guided.units.processes.items() if not one.is_running]
    return verdict(
        "auditor, retention and sealer do their work; their key files are theirs",
        f"{len(guided.units.processes)} processes",
        seen.splitlines()[0],
        [*problems, *(f"{name} has ended" for name in ended)],
    )


def posted(
    client: OutsideClient, path: str, headers: dict[str, str] | None = None, **body: Any
) -> dict[str, Any]:
    """What a POST of these fields makes; fails when it makes nothing."""
    reply = client.send("POST", path, orjson.dumps(body), **(headers or {}))
    if reply.status != 201:
        raise AssertionError(f"{path}: {reply.status} {reply.json().get('code')}")
    return reply.json()
