"""The call with which an app starts: who I am, what is due, the questionnaires, the card.

What is due changes with the clock alone, so an answer says until when it holds, and so does its
tag: whether a phone has the newest is known from one row, without building anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import orjson
from sqlalchemy.orm import Session

from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.consent.standing import consent_standing
from services.due import items_due
from services.operations.instruments import worded_instruments
from services.patients.view import visible_patient
from services.patients.wording import words_of_patient
from services.phone.standing import Tags, earliest, read_standing
from services.reminders.planning import hours_of, reminder_words
from services.rules.cards.crisis import generic_card
from services.rules.instruments.definition import Instrument
from services.rules.languages.consent import CONSENTS
from services.rules.languages.texts import TEXTS
from services.rules.languages.wording import Wording
from services.rules.mood_days import day_start, find_zone, mood_day_at
from services.rules.schedule.case import DueItem, ScheduleCase
from services.rules.schedule.reminders import key_of, plan
from services.rules.schedule.windows import ONE_DAY
from services.rules.session_day.driving import driving_restriction_until, restricted_until

_HASH_DIGITS: Final = 16
Writer = Callable[[Instrument], bytes]


@dataclass(frozen=True, slots=True)
class KeptByPhone:
    """What the phone has: the tags of answers, and of instruments the hash by code. `least`: the
    oldest app version that is taken.
    """

    tags: Collection[str] = ()
    have: Mapping[str, str] | None = None
    least: str | None = None


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """The answer, its tag and its language; no `content` when the phone has it."""

    tag: str
    words: Wording
    content: dict[str, Any] | None = None


def get_bootstrap(actor: Actor, phone: KeptByPhone, write: Writer, now: datetime) -> Bootstrap:
    """All that an app needs to start, offline too; a read of content is recorded. `write`: how an
    instrument is sent. Raises `Forbidden` for staff.
    """
    scopes(actor, Action.READ_ENTRIES)
    patient_id = actor.own_patient_id()
    with acting(actor, now) as session:
        # Read first: what is written meanwhile makes the tag older than the content, never newer.
        row = read_standing(session, patient_id)
        words = words_of_patient(actor, row.language, row.clinic_language, row.reviewed_texts)
        texts = tuple(sorted(row.cssrs_texts.items()))
        instruments = _instruments(texts, words.texts.language, words.reviewed, write)
        lacking = instruments.lacking(phone.have)
        card = generic_card(
            committed=False,
            level="crisis",
            country=row.country,
            phone=row.phone,
            today=now.date(),
            wording=words,
        )
        version = _hash(orjson.dumps(card))
        to_accept = CONSENTS.at(now).version
        tags = Tags(row, (version, instruments.hash, lacking, phone.least, to_accept))
        for tag in phone.tags:
            if tags.holds(tag, now):
                return Bootstrap(tag, words)
        content, changes_at = _due(session, actor, row, words, now)
        content["consent"] = consent_standing(session, patient_id, now)
        audit.record_read(session, actor, "bootstrap_read", now)
    known = {
        "profile": _profile(row),
        "clinic": {
            "name": row.clinic_name,
            "phone": row.phone,
            "timezone": row.clinic_timezone,
            "country": row.country,
        },
        "instruments": instruments.shown(lacking),
        "crisis_card": {"version": version, "card": card},
        "minimum_app_version": phone.least,
    }
    return Bootstrap(tags.until(changes_at), words, known | content)


def _due(
    session: Session, actor: Actor, row: Any, words: Wording, now: datetime
) -> tuple[dict[str, Any], datetime]:
    """What is due as of now, the same until the instant beside it."""
    patient = visible_patient(session, actor, Action.READ_ENTRIES, row.patient_id, now)
    zone = find_zone(patient.timezone) or UTC
    today = mood_day_at(now, zone)
    case, items = items_due(session, patient, now, around=day_start(today, zone))
    tomorrow = day_start(today + ONE_DAY, zone)
    changes_at = earliest([tomorrow, *_stages(items), *_sessions(case), *_item9(row)], now)
    content = {
        "due": items,
        "reminders": _reminders(row, words, case, items, day_start(today, zone)),
        "driving_restriction_until": restricted_until(case.treatment, case.zone, now),
        "fresh_until": changes_at,
    }
    return content, changes_at


def _reminders(
    row: Any, words: Wording, case: ScheduleCase, items: Sequence[DueItem], since: datetime
) -> dict[str, Any]:
    """The plan, for an app that reminds by itself."""
    hours = hours_of(row.quiet_hours)
    by_key = {key_of(item, case.zone): item for item in items}
    shown = [
        {
            "at": one.at,
            "until_at": one.until,
            "about": [
                {"instrument": by_key[key].instrument, "opens_at": by_key[key].opens_at}
                for key in sorted(one.keys)
            ],
        }
        for one in plan(items, case.zone, hours, case.away)
        if one.at >= since
    ]
    title, body = reminder_words(words)
    return {"title": title, "body": body, "plan": shown}


def _stages(items: Sequence[DueItem]) -> list[datetime]:
    return [at for one in items for at in (one.opens_at, one.due_at, one.expires_at)]


def _sessions(case: ScheduleCase) -> list[datetime]:
    """When a driving restriction begins or ends."""
    ends = [driving_restriction_until(one, case.zone) for one in case.treatment.sessions]
    begins = [one.started_at for one in case.treatment.sessions]
    return [*begins, *(end for end in ends if end is not None)]


def _item9(row: Any) -> list[datetime]:
    """When the form that follows a positive item 9 is asked for; its end is among the stages."""
    return [] if row.item9_positive_at is None else [row.item9_positive_at]


def _profile(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "email": row.email,
        "name": row.name,
        "roles": row.roles,
        "clinic_id": row.clinic_id,
        "patient_id": row.patient_id,
        "timezone": row.timezone,
        "language": row.language,
        "quiet_hours": row.quiet_hours,
    }


@dataclass(frozen=True, slots=True)
class Instruments:
    """All of them in a clinic's wording by code, as they are sent; the hash of each and of all."""

    versions: Mapping[str, str]
    written: Mapping[str, bytes]
    hashes: Mapping[str, str]
    hash: str

    def lacking(self, have: Mapping[str, str] | None) -> list[str]:
        """The codes of those that a phone does not have."""
        return [code for code, one in self.hashes.items() if have is None or have.get(code) != one]

    def shown(self, lacking: Collection[str]) -> list[dict[str, Any]]:
        """What each is, and its content where the phone lacks it."""
        return [
            {
                "code": code,
                "version": self.versions[code],
                "hash": self.hashes[code],
                "content": orjson.Fragment(written) if code in lacking else None,
            }
            for code, written in self.written.items()
        ]


@lru_cache(maxsize=128)
def _instruments(
    texts: tuple[tuple[str, str], ...], language: str, reviewed: bool, write: Writer
) -> Instruments:
    """By the clinic's own texts and the reader's language, a few at a time: writing and hashing
    them costs more than all the rest of an answer.
    """
    words = Wording(TEXTS[language], reviewed)
    found = {one.code: one for one in worded_instruments(dict(texts), words)}
    written = {code: write(one) for code, one in found.items()}
    hashes = {code: _hash(one) for code, one in written.items()}
    versions = {code: one.version for code, one in found.items()}
    return Instruments(versions, written, hashes, _hash(orjson.dumps(hashes)))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_HASH_DIGITS]
