"""Records of which every change is a new version: courses and sessions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.exactly_once import FirstAnswer
from services.patients.history.treatments import current_version
from services.treatment.once import New, Writing, begin, finish, write_once

Fields = dict[str, Any]


def _nothing(*_anything: Any) -> None:
    """What most of them have neither to check nor to write."""


def _as_given(_writing: Writing, fields: Fields) -> Fields:
    return fields


@dataclass(frozen=True, slots=True)
class VersionedRecord:
    """`record` is the table that says only that one exists, `version` that of what was known of it.

    `check` and `check_beside` raise `Invalid`: for the fields alone, and beside the patient's other
    records; `complete` fills in what was left to the clinic. `follow` writes what follows from a
    new version; `show` gives the record of one.
    """

    kind: Literal["course", "session"]
    record: type[Any]
    version: type[Any]
    fields: tuple[str, ...]
    check: Callable[[Mapping[str, Any], datetime], None]
    show: Callable[[Session, Any, datetime], Fields]
    check_beside: Callable[[Writing, UUID, Mapping[str, Any]], None] = _nothing
    complete: Callable[[Writing, Fields], Fields] = _as_given
    follow: Callable[[Writing, UUID], None] = _nothing

    def create(
        self, actor: Actor, patient_id: UUID, record_id: UUID | None, given: Fields, now: datetime
    ) -> FirstAnswer:
        """A new record with all its fields; raises `Invalid`, and as `write_once`."""
        self.check(given, now)

        def make(writing: Writing, new_id: UUID) -> Fields:
            self.check_beside(writing, new_id, given)
            owner = {name: writing.stamp[name] for name in ("clinic_id", "patient_id")}
            writing.session.execute(insert(self.record).values(id=new_id, created_at=now, **owner))
            return self._add(writing, new_id, 1, self.complete(writing, given))

        return write_once(actor, New(self.kind, patient_id, record_id, given), make, now)

    def change(
        self, actor: Actor, patient_id: UUID, record_id: UUID, changes: Fields, now: datetime
    ) -> Fields:
        """The record with these fields changed, as a new version; unchanged, it stays as it is.

        Raises `NotFound` and `Invalid`.
        """
        scopes(actor, Action.MANAGE_TREATMENT)
        with acting(actor, now) as session:
            writing = begin(session, actor, patient_id, now)
            last = current_version(session, self._key, patient_id, record_id)
            before = {name: getattr(last, name) for name in self.fields}
            after = before | changes
            self.check(after, now)
            after = self.complete(writing, after)
            if after == before:
                return self.show(session, last, now)
            self.check_beside(writing, record_id, after)
            shown = self._add(writing, record_id, last.version + 1, after)
            finish(writing, f"{self.kind}_changed", record_id)
            return shown

    @property
    def _key(self) -> Any:
        return getattr(self.version, f"{self.kind}_id")

    def _add(self, writing: Writing, record_id: UUID, version: int, fields: Fields) -> Fields:
        row = writing.session.execute(
            insert(self.version)
            .values(
                version=version,
                entered_by=writing.actor.user_id,
                entered_at=writing.now,
                **{self._key.key: record_id},
                **writing.stamp,
                **fields,
            )
            .returning(*self.version.__table__.c)
        ).one()
        self.follow(writing, record_id)
        return self.show(writing.session, row, writing.now)
