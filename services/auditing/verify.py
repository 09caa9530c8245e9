"""Proving the chain: every fault in words, each with its place."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import AuditDetail, AuditEntry, AuditKey
from services.audit import digest_of
from services.auditing.chain import BEGIN, link
from services.auditing.checkpoints import Checkpoint
from services.unit_of_work import transaction

BATCH: Final = 1000
# What an erasure is recorded as: whose details may be gone.
ERASED: Final = "patient_erased"
_ENTRIES: Final = AuditEntry.__table__


@dataclass(slots=True)
class ChainProof:
    """What a run found. `end`: the last seal; `unsealed`: how many entries are younger, the oldest
    of them put in at `unsealed_since`. `erased`: of how many entries details are gone with an
    erasure that is recorded.
    """

    faults: list[str] = field(default_factory=list)
    end: Checkpoint | None = None
    unsealed: int = 0
    unsealed_since: datetime | None = None
    erased: int = 0


@dataclass(slots=True)
class _Walk:
    keys: Sequence[Ed25519PublicKey]
    kept: Mapping[int, Checkpoint]
    proof: ChainProof
    seq: int = 0
    before: bytes = BEGIN
    tombstones: dict[UUID, list[int]] = field(default_factory=dict)
    erased: set[UUID] = field(default_factory=set)

    def fault(self, text: str) -> None:
        self.proof.faults.append(text)

    def take(self, entry: Mapping[str, Any]) -> None:
        """The next entry that is there."""
        seq = entry["seq"]
        if seq > self.seq + 1:
            self.fault(_missing(self.seq + 1, seq - 1))
        elif seq <= self.seq:
            self.fault(f"entry {seq} has a place that there is not")
            return
        elif entry["hash"] != link(self.before, entry):
            self.fault(f"entry {seq} was changed")
        self.seq, self.before = seq, entry["hash"] or b""
        self._check_seal(entry)
        self._check_detail(entry)

    def _check_seal(self, entry: Mapping[str, Any]) -> None:
        if entry["signature"] is not None:
            sealed_at = entry["sealed_at"] or entry["at"]
            here = Checkpoint(self.seq, self.before, sealed_at, entry["signature"])
            self.proof.end = here
            if not here.is_signed_by(self.keys):
                self.fault(f"entry {self.seq}: its seal is not the sealer's")
        if self.seq in self.kept and self.kept[self.seq].hash != self.before:
            self.fault(f"entry {self.seq}, or one before it, differs from the checkpoint")

    def _check_detail(self, entry: Mapping[str, Any]) -> None:
        mac, detail, key = entry["detail_mac"], entry["detail"], entry["key"]
        if entry["action"] == ERASED and entry["patient_id"]:
            self.erased.add(entry["patient_id"])
        if mac is None:
            if detail is not None:
                self.fault(f"entry {self.seq}: details were added")
        elif detail is None and key is None:
            subject = entry["patient_id"] or entry["clinic_id"]
            self.tombstones.setdefault(subject, []).append(self.seq)
        elif detail is None or key is None:
            self.fault(f"entry {self.seq}: its details, or their key, are missing")
        elif not hmac.compare_digest(digest_of(key, detail), mac):
            self.fault(f"entry {self.seq}: its details were changed")

    def finish(self) -> None:
        """What shows only at the end."""
        end = self.proof.end
        if self.seq and (end is None or end.seq != self.seq):
            self.fault(f"the chain ends at {self.seq}, inside a seal: its end was cut off")
        newest = max(self.kept, default=0)
        if newest > self.seq:
            self.fault(f"the chain ends at {self.seq}, the checkpoint saw {newest}")
        for subject, places in self.tombstones.items():
            if subject in self.erased:
                self.proof.erased += len(places)
            else:
                self.fault(
                    f"entry {places[0]}: details are gone, and no erasure of {subject} is recorded"
                )


def verify_chain(keys: Sequence[Ed25519PublicKey], kept: Sequence[Checkpoint] = ()) -> ChainProof:
    """Prove the chain of all clinics, as of one instant, however busy they are.

    `keys`: whose seals count; `kept`: checkpoints that were outside the database.
    """
    proof = ChainProof()
    walk = _Walk(keys, {mark.seq: mark for mark in kept}, proof)
    for mark in kept:
        if not mark.is_signed_by(keys):
            walk.fault(f"the checkpoint of entry {mark.seq} was not signed by the sealer")
    with transaction(snapshot=True) as session:
        for entry in _sealed(session):
            walk.take(entry)
        waiting = select(func.count(), func.min(AuditEntry.at)).where(AuditEntry.seq.is_(None))
        proof.unsealed, proof.unsealed_since = session.execute(waiting).one()
        # Details go at once, and the entry that says so has its place within seconds.
        just = select(AuditEntry.patient_id).where(
            AuditEntry.seq.is_(None),
            AuditEntry.action == ERASED,
            AuditEntry.patient_id.is_not(None),
        )
        walk.erased.update(one for one in session.scalars(just) if one is not None)
    walk.finish()
    return proof


def _sealed(session: Session) -> Iterator[Mapping[str, Any]]:
    subject = func.coalesce(AuditEntry.patient_id, AuditEntry.clinic_id)
    rows = session.execute(
        select(_ENTRIES, AuditDetail.detail, AuditKey.key)
        .outerjoin(
            AuditDetail,
            (AuditDetail.clinic_id == AuditEntry.clinic_id)
            & (AuditDetail.entry_id == AuditEntry.id),
        )
        .outerjoin(
            AuditKey,
            (AuditKey.clinic_id == AuditEntry.clinic_id) & (AuditKey.subject_id == subject),
        )
        .where(AuditEntry.seq.is_not(None))
        .order_by(AuditEntry.seq)
        .execution_options(yield_per=BATCH, stream_results=True)
    )
    for row in rows.mappings():
        yield dict(row)


def _missing(first: int, last: int) -> str:
    return (
        f"entry {first} is missing" if first == last else f"entries {first} to {last} are missing"
    )
