"""The sealer: gives every new entry its place in the chain, and signs where the chain stands.

One of any number seals at a time (an advisory lock). It works as a role that may give a place to
an entry that has none and can change nothing else. A batch is one transaction: killed anywhere, it
has sealed the batch or nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from models import AuditEntry
from services.auditing.chain import BEGIN, link
from services.auditing.checkpoints import Checkpoint, SealError
from services.unit_of_work import transaction

SEAL_LOCK: Final = 20_260_015
BATCH: Final = 1000
EVERY_S: Final = 2.0
_ENTRIES: Final = AuditEntry.__table__


class Sealer:
    """Seals with one key, and goes on only from where its last checkpoint says the chain stood."""

    def __init__(
        self,
        key: Ed25519PrivateKey,
        last: Checkpoint | None,
        publish: Callable[[Checkpoint], None],
        keep: Callable[[Sequence[Mapping[str, Any]]], None],
    ) -> None:
        """`last`: kept outside the database; `publish` takes each new one there. `keep`: what puts
        down, of the entries of a batch and before they are sealed, what has to outlive a restore.
        """
        self._key, self._last, self._publish, self._keep = key, last, publish, keep

    def seal_all(self, now: Callable[[], datetime]) -> int:
        """Seal what is there, and publish where the chain then stands; how many were sealed.

        Nothing while another one seals. Raises `SealError` when the chain is no longer the one that
        the last checkpoint was signed for: signing on would bear out what somebody changed.
        """
        sealed = 0
        while count := self._seal_batch(now()):
            sealed += count
        return sealed

    def _seal_batch(self, now: datetime) -> int:
        with transaction() as session:
            if not session.scalar(select(func.pg_try_advisory_xact_lock(SEAL_LOCK))):
                return 0
            self._refuse_changed(session)
            end = _end(session)
            batch = _unsealed(session)
            if batch:
                self._keep(batch)
                end = _write(session, batch, end, self._key, now)
        if end is not None and end != self._last:
            self._publish(end)
            self._last = end
        return len(batch)

    def _refuse_changed(self, session: Session) -> None:
        if self._last is None:
            return
        kept = session.scalar(select(AuditEntry.hash).where(AuditEntry.seq == self._last.seq))
        if kept != self._last.hash:
            raise SealError(
                f"the chain was changed at or before entry {self._last.seq}, or its end was cut"
                " off: run `audit verify --checkpoint` with the last checkpoint. After a restored"
                " backup move that checkpoint away, and keep it"
            )


def _end(session: Session) -> Checkpoint | None:
    """Where the chain stands: each batch ends with an entry that is signed."""
    row = session.execute(
        select(AuditEntry.seq, AuditEntry.hash, AuditEntry.sealed_at, AuditEntry.signature)
        .where(AuditEntry.seq.is_not(None))
        .order_by(AuditEntry.seq.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Checkpoint(row.seq, row.hash, row.sealed_at, row.signature or b"")


def _unsealed(session: Session) -> list[dict[str, Any]]:
    rows = session.execute(
        select(_ENTRIES)
        .where(AuditEntry.seq.is_(None))
        .order_by(AuditEntry.at, AuditEntry.id)
        .limit(BATCH)
    )
    return [dict(row) for row in rows.mappings()]


def _write(
    session: Session,
    batch: list[dict[str, Any]],
    end: Checkpoint | None,
    key: Ed25519PrivateKey,
    now: datetime,
) -> Checkpoint:
    seq, before = (end.seq, end.hash) if end else (0, BEGIN)
    for entry in batch:
        seq += 1
        entry |= {"seq": seq, "sealed_at": now}
        before = entry["hash"] = link(before, entry)
    checkpoint = Checkpoint.signed(key, seq, before, now)
    batch[-1]["signature"] = checkpoint.signature
    _place(session, batch)
    return checkpoint


def _place(session: Session, batch: Sequence[Mapping[str, Any]]) -> None:
    columns = ("clinic_id", "id", "seq", "hash", "sealed_at", "signature")
    lists = [
        bindparam(None, [one[name] for one in batch], type_=ARRAY(_ENTRIES.c[name].type))
        for name in columns
    ]
    given = func.unnest(*lists).table_valued(*columns, name="given").render_derived()
    done = session.execute(
        update(AuditEntry)
        .where(_ENTRIES.c.clinic_id == given.c.clinic_id, _ENTRIES.c.id == given.c.id)
        .values({name: given.c[name] for name in columns[2:]})
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != len(batch):  # type: ignore[attr-defined] # of an update
        raise SealError("an entry went away while it was sealed")
