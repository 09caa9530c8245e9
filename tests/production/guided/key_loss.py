"""The night on which the key is lost for good: the runbook's commands lead to a clinic again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from tests.builders.entries import phq9
from tests.builders.world import made_up_email
from tests.fixtures.running import wait_until
from tests.production.guided.answers import PASSWORD, new_patient, posted
from tests.production.guided.following import GuidedMachine
from tests.production.guided.pages import RUNBOOK, blocks
from tests.proofs.seen import Seen, verdict


def tried(guided: GuidedMachine, _created: dict[str, Any]) -> Iterator[Seen]:
    """Every copy is gone; then somebody new is paged about a new answer."""
    assert guided.front is not None
    written, email = "", made_up_email("administrator")
    before = {*guided.units.enabled, *guided.units.active}
    for block in blocks(RUNBOOK, "The key is lost"):
        guided.follow(block.replace("new-administrator@clinic.example", email))
        written += guided.output
    wait_until(guided.all_ready, "the service is back", 60.0)
    stopped = sorted(before - guided.units.active)
    (code,) = re.findall(r'"invitation_code":"([^"]+)"', written)
    client = guided.client()
    admin = posted(client, "/v1/invitations/accept", code=code, password=PASSWORD)
    patient = new_patient(client, admin["access_token"])
    guided.mail.reset()
    status = client.send("POST", "/v1/check-ins", orjson.dumps(phq9(item9=2)), **patient).status
    pages = [str(mail["X-Received-For"]) for mail in guided.mail.wait_for(1, 30.0)]
    lost = re.findall(r"unreadable: (\d+) (\S+)", written)
    yield verdict(
        "the key is lost: by the runbook's commands a clinic works again",
        f"{len(lost)} kinds of values unreadable, contacts first",
        "somebody new logs in, invites a patient, and is paged by their answer",
        [f"answered {status}"] * (status != 201)
        + [f"paged {pages}"] * (email not in pages)
        + [f"{unit} was not started again" for unit in stopped]
        + ["contacts do not come first"] * (not lost or not lost[0][1].startswith("contact")),
    )
