"""What has changed among a patient's entries since a phone last asked.

Every write about a patient takes the next revision under the lock of their status row, so revisions
are in the order of the commits: whoever has read up to one has missed nothing, whatever clocks say.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Select, bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session, aliased

from models import (
    AlertOccurrence,
    CheckIn,
    HelpRequest,
    PatientStatus,
    StoredDecision,
    TreatmentSessionVersion,
)
from models.encryption import keyring
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.exceptions import Invalid
from services.intake.check_in import CHECK_INS
from services.intake.help_request import current_help_requests
from services.intake.side_effects import SIDE_EFFECT_REPORTS
from services.intake.versions import VersionedEntry, current_entries
from services.paging import Page
from services.patients.revisions import numbering_of

KINDS: Final = {"check_in": CHECK_INS, "side_effects": SIDE_EFFECT_REPORTS}
HELP_REQUEST: Final = "help_request"
_REVISION_BYTES: Final = 8
_MARK_BYTES: Final = 16
_PATIENT: Final = bindparam("patient_id", type_=CheckIn.patient_id.type)
_SINCE: Final = bindparam("since", type_=Integer())


@dataclass(frozen=True, slots=True)
class Place:
    """How far a phone has read, as revisions.

    A page that was cut tells of an entry at its newest change alone: up to `reached` the phone may
    lack a version that has been amended since, and still have the one before. Up to `complete` it
    had all as it was.
    """

    reached: int = 0
    complete: int = 0


def list_changes(actor: Actor, *, now: datetime, limit: int, cursor: str | None) -> Page:
    """The patient's entries that are new or otherwise than at the cursor, in the order in which
    they changed; without a cursor all of them. The next cursor stands for a revision.

    Raises `Forbidden` for staff, and `Invalid` for a cursor that was not given for this patient.
    """
    scopes(actor, Action.READ_ENTRIES)
    patient_id = actor.own_patient_id()
    with acting(actor, now, snapshot=True) as session:
        newest = session.scalars(
            select(PatientStatus.revision).where(PatientStatus.patient_id == patient_id)
        ).one()
        begin = Place() if cursor is None else _place_of(cursor, patient_id, newest)
        # A revision is never cut in two: the cursor could not say where.
        changed = _CHANGED.fetch(limit, with_ties=True)
        rows = session.execute(changed, {"patient_id": patient_id, "since": begin.reached}).all()
        shown = _shown(session, actor, rows, now)
        gone = _gone(session, patient_id, rows, begin)
        audit.record_read(session, actor, "changes_read", now)
    cut = len(rows) >= limit
    end = Place(rows[-1].revision, begin.complete) if cut else Place(newest, newest)
    next_cursor = _cursor_of(end, patient_id, numbering_of(newest))
    return {"items": list(_items(rows, shown, gone)), "next_cursor": next_cursor}


def _items(
    rows: Sequence[Any], shown: dict[UUID, dict[str, Any]], gone: Mapping[UUID, Sequence[UUID]]
) -> Iterator[dict[str, Any]]:
    """What stands in place of another version comes behind it."""
    for row in sorted(rows, key=lambda row: (row.revision, row.kind, row.root_id)):
        for former in gone.get(row.root_id, ()):
            yield {"kind": row.kind, "id": former, "op": "delete"}
        record = shown[row.root_id]
        yield {"kind": row.kind, "id": record["id"], "op": "upsert", "record": record}


def _shown(
    session: Session, actor: Actor, rows: Sequence[Any], now: datetime
) -> dict[UUID, dict[str, Any]]:
    """The current records as their own routes show them, by the id of the first version."""
    found: dict[UUID, dict[str, Any]] = {}
    for kind, versioned in KINDS.items():
        if roots := [row.root_id for row in rows if row.kind == kind]:
            found |= current_entries(versioned, session, actor, roots, now)
    if asked := [row.root_id for row in rows if row.kind == HELP_REQUEST]:
        found |= current_help_requests(session, actor, asked, now)
    return found


def _gone(
    session: Session, patient_id: UUID, rows: Sequence[Any], begin: Place
) -> dict[UUID, list[UUID]]:
    """By the first version's id: the versions that a phone at this place may have, and that are
    current no more.
    """
    roots = [row.root_id for row in rows if row.kind in KINDS]
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for kind in KINDS.values():
        table, later = kind.table, aliased(kind.table)
        former = session.execute(
            select(table.root_id, table.id)
            .join(
                later,
                (later.clinic_id == table.clinic_id)
                & (later.patient_id == table.patient_id)
                & (later.root_id == table.root_id)
                & (later.version == table.version + 1),
            )
            .where(
                table.patient_id == patient_id,
                table.root_id.in_(roots),
                table.revision <= begin.reached,
                later.revision > begin.complete,
            )
            .order_by(table.version)
        )
        for row in former:
            found[row.root_id].append(row.id)
    return found


def _touched(kind: str, entry: VersionedEntry) -> list[Select[Any]]:
    """The revisions that changed what is shown of an entry: of its versions, of what made it count,
    of a later decision about it, of who has seen it, of the session before it.
    """
    table: Any = entry.table
    mine = select(literal(kind).label("kind"), table.root_id).where(table.patient_id == _PATIENT)
    before = aliased(TreatmentSessionVersion)
    session, decision, seen = TreatmentSessionVersion, StoredDecision, AlertOccurrence
    earliest = func.least(session.started_at, before.started_at)
    return [
        mine.add_columns(table.revision.label("revision")),
        mine.add_columns(table.counts_from_revision),
        mine.add_columns(decision.revision)
        .join(decision, _of_entry(decision, table))
        .where(decision.by == "replay"),
        mine.add_columns(seen.seen_revision).join(seen, _of_entry(seen, table)),
        mine.add_columns(session.revision)
        .join(
            session,
            (session.clinic_id == table.clinic_id) & (session.patient_id == table.patient_id),
        )
        .outerjoin(
            before,
            (before.clinic_id == session.clinic_id)
            & (before.patient_id == session.patient_id)
            & (before.session_id == session.session_id)
            & (before.version == session.version - 1),
        )
        .where(table.superseded.is_(False), table.answered_at >= earliest),
    ]


def _of_entry(about: Any, table: Any) -> Any:
    return (
        (about.clinic_id == table.clinic_id)
        & (about.patient_id == table.patient_id)
        & (about.entry_id == table.id)
    )


def _changed() -> Select[Any]:
    asked = select(literal(HELP_REQUEST).label("kind"), HelpRequest.id.label("root_id")).where(
        HelpRequest.patient_id == _PATIENT
    )
    touched = union_all(
        *(part for kind, entry in KINDS.items() for part in _touched(kind, entry)),
        asked.add_columns(HelpRequest.revision),
        asked.add_columns(AlertOccurrence.seen_revision).join(
            AlertOccurrence, _of_entry(AlertOccurrence, HelpRequest)
        ),
    ).subquery()
    revision = func.max(touched.c.revision).label("revision")
    return (
        select(touched.c.kind, touched.c.root_id, revision)
        .where(touched.c.revision > _SINCE)
        .group_by(touched.c.kind, touched.c.root_id)
        .order_by(revision)
    )


# Built once: putting a statement together costs more than running it.
_CHANGED: Final = _changed()


def _cursor_of(place: Place, patient_id: UUID, numbering: int) -> str:
    """A place among this patient's revisions, that nobody else can make up, and that no phone keeps
    over a restore: it has read what is lost.
    """
    packed = b"".join(one.to_bytes(_REVISION_BYTES, "big") for one in astuple(place))
    return base64.urlsafe_b64encode(packed + _mark(packed, patient_id, numbering)).decode()


def _place_of(cursor: str, patient_id: UUID, newest: int) -> Place:
    """What a cursor says; raises `Invalid` for one that we did not give to this patient, or not
    since the database was restored.
    """
    try:
        given = base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        given = b""
    packed, mark = given[: 2 * _REVISION_BYTES], given[2 * _REVISION_BYTES :]
    reached, complete = packed[:_REVISION_BYTES], packed[_REVISION_BYTES:]
    place = Place(int.from_bytes(reached, "big"), int.from_bytes(complete, "big"))
    ours = _mark(packed, patient_id, numbering_of(newest))
    if not hmac.compare_digest(mark, ours) or place.reached > newest:
        raise Invalid({"cursor": ["Not a cursor of this list: begin anew without one."]})
    return place


def _mark(packed: bytes, patient_id: UUID, numbering: int) -> bytes:
    since = numbering.to_bytes(_REVISION_BYTES, "big") if numbering else b""
    return keyring.digest(packed + since + patient_id.bytes, "changes cursor")[:_MARK_BYTES]
