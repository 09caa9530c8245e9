"""The audit chain: who read or changed what, each entry hashed over the one before it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, cast, func, insert, literal, select, update
from sqlalchemy.orm import Session

from models import AuditEntry, AuditHead
from services.unit_of_work import clinic_ids, transaction

BATCH = 1000
# Built once: every read by staff ends with these two, and putting them together anew costs more.
_HEAD: Final = (
    select(AuditHead.clinic_id, AuditHead.seq, AuditHead.hash)
    .where(AuditHead.clinic_id == cast(func.current_setting("interlude.clinic_id"), Uuid))
    .with_for_update()
)
_NEW: Final = {
    column.name: bindparam(f"new_{column.name}", type_=column.type)
    for column in AuditEntry.__table__.c
}
_APPEND: Final = select(literal(1)).add_cte(
    insert(AuditEntry).values(_NEW).cte("entry"),
    update(AuditHead)
    .where(AuditHead.clinic_id == _NEW["clinic_id"])
    .values(seq=_NEW["seq"], hash=_NEW["hash"])
    .cte("head"),
)


@dataclass(frozen=True, slots=True)
class AuditCheckpoint:
    """A place in a clinic's chain, kept outside the database: what it names must stay true."""

    seq: int
    hash: str


def begin_chain(session: Session, clinic_id: UUID) -> None:
    """The head of a new clinic's chain."""
    session.execute(
        insert(AuditHead).values(clinic_id=clinic_id, seq=0, hash=_first_hash(clinic_id))
    )


def record(
    session: Session,
    actor_id: UUID | None,
    action: str,
    now: datetime,
    patient_id: UUID | None = None,
    object_id: UUID | None = None,
    **detail: Any,
) -> None:
    """Append one entry to the clinic's chain. No clinical content, no name, no address.

    Locks the head of the chain until the end of the transaction: call it last. `actor_id` is null
    for what the service or its operator did; `detail` holds strings, integers and lists of them.
    """
    head = session.execute(_HEAD).one()
    entry: dict[str, Any] = {
        "clinic_id": head.clinic_id,
        "seq": head.seq + 1,
        "at": now,
        "actor_id": actor_id,
        "action": action,
        "patient_id": patient_id,
        "object_id": object_id,
        "detail": detail,
    }
    entry["hash"] = _link(head.hash, entry)
    session.execute(_APPEND, {f"new_{name}": value for name, value in entry.items()})


def verify_chain(session: Session, checkpoint: AuditCheckpoint | None = None) -> list[str]:
    """Every fault in the chain of the transaction's clinic, in words; empty when it is whole.

    Without a checkpoint, a chain whose end was cut off together with its head looks whole.
    """
    head = session.execute(select(AuditHead.clinic_id, AuditHead.seq, AuditHead.hash)).one_or_none()
    if head is None:
        return ["the clinic has no audit head"]
    faults, seq, before = [], 0, _first_hash(head.clinic_id)
    for entry in _entries(session):
        seq += 1
        if entry["seq"] != seq:
            faults.append(f"entry {seq} is missing")
            seq = entry["seq"]
        elif entry["hash"] != _link(before, entry):
            faults.append(f"entry {seq} was changed")
        before = entry["hash"]
        if checkpoint and checkpoint.seq == seq and checkpoint.hash != before.hex():
            faults.append(f"entry {seq} differs from the checkpoint")
    if (head.seq, head.hash) != (seq, before):
        faults.append(f"the head names entry {head.seq}, the chain ends at {seq}")
    if checkpoint and checkpoint.seq > seq:
        faults.append(f"the chain ends at {seq}, the checkpoint saw {checkpoint.seq}")
    return faults


def checkpoint_of(session: Session) -> AuditCheckpoint:
    """Where the chain of the transaction's clinic ends now."""
    head = session.execute(select(AuditHead.seq, AuditHead.hash)).one()
    return AuditCheckpoint(seq=head.seq, hash=head.hash.hex())


def _entries(session: Session) -> Iterator[dict[str, Any]]:
    rows = session.execute(
        select(AuditEntry.__table__)
        .order_by(AuditEntry.seq)
        .execution_options(yield_per=BATCH, stream_results=True)
    )
    for row in rows.mappings():
        yield dict(row)


def _first_hash(clinic_id: UUID) -> bytes:
    return hashlib.sha256(clinic_id.bytes).digest()


def _link(before: bytes, entry: Mapping[str, Any]) -> bytes:
    """SHA-256 over the hash before and the entry as canonical JSON."""
    content = {name: _plain(value) for name, value in entry.items() if name != "hash"}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(before + canonical.encode()).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, UUID) else value


def verify_all(
    checkpoints: Mapping[UUID, AuditCheckpoint],
) -> tuple[dict[UUID, AuditCheckpoint], list[str]]:
    """Where each clinic's chain ends now, and every fault, named by its clinic.

    `checkpoints`: where the chains ended earlier; a clinic that is gone since is a fault.
    """
    marks, faults = {}, []
    clinics = clinic_ids()
    for clinic_id in clinics:
        # Head and entries as of one instant: the clinic goes on working meanwhile.
        with transaction(clinic_id, snapshot=True) as session:
            found = verify_chain(session, checkpoints.get(clinic_id))
            if not found:
                marks[clinic_id] = checkpoint_of(session)
        faults += [f"{clinic_id}: {fault}" for fault in found]
    faults += [f"{gone}: the clinic is gone" for gone in set(checkpoints) - set(clinics)]
    return marks, faults
