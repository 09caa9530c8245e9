"""What to say to the emergency service: short sentences to read aloud, in the order it asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from api.page.around import last_session, others
from api.page.clock import Clock
from api.page.evidence import answers, found, rule

Contacts = Mapping[str, Any]


def read_aloud(
    title: str, when: str, alert: Mapping[str, Any], contacts: Contacts, clock: Clock
) -> list[str]:
    """Who calls, where the patient is, how they are reached, and what is known. What is missing is
    said: nobody should look for it while they speak.

    `title`: what the alert is about; `when`: a sentence of when its gravest fact was.
    """
    return [
        f"I am calling for {contacts['clinic_name']}, about a patient of ours: {contacts['name']}.",
        *_where(contacts),
        *_reached(contacts),
        f"It is about: {title}. {when}",
        *_known(alert.get("evidence"), clock),
        "We do not know more about how they are at this moment.",
    ]


def _where(contacts: Contacts) -> Iterator[str]:
    address = contacts["address"]
    if address:
        yield f"Their address: {address}."
        yield "We do not know whether they are there now."
    else:
        yield "We have no address of theirs on file."
    if contacts["abroad"]:
        yield (
            f"Their clock is set to {contacts['timezone']}: they may be abroad. Ask for the"
            " emergency service there."
        )


def _reached(contacts: Contacts) -> Iterator[str]:
    phone, other = contacts["phone"], contacts["emergency_contact"]
    yield f"Their phone: {phone}." if phone else "We have no phone number of theirs on file."
    if other:
        parts = (other.get("name"), other.get("relation"), other.get("phone"))
        yield f"Their emergency contact: {', '.join(part for part in parts if part)}."


def _known(evidence: Mapping[str, Any] | None, clock: Clock) -> Iterator[str]:
    if evidence is None:
        return
    stated = list(answers(evidence))
    for question, words in stated:
        yield f"{question}: {words}."
    if not stated:
        words = found(evidence["rule"], evidence) or rule(evidence["rule"])
        yield f"{words[:1].upper()}{words[1:]}."
    for what, at in others(evidence, clock):
        yield f"{what}. That was {at}."
    yield last_session(evidence, clock)
