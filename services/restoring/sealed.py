"""The chain of the audit in a restored database, beside checkpoints that know more of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import func, select

from models import AuditEntry
from services.auditing.checkpoints import Checkpoint
from services.auditing.verify import ChainProof, verify_chain
from services.unit_of_work import transaction


def verify_restored_chain(
    keys: Sequence[Ed25519PublicKey], kept: Sequence[Checkpoint]
) -> tuple[ChainProof, int]:
    """The proof up to where this database ends, and how many entries a checkpoint saw beyond it:
    those came after the instant that was restored to, and are no fault of the chain.
    """
    with transaction() as session:
        end = session.scalar(select(func.max(AuditEntry.seq))) or 0
    proof = verify_chain(keys, [mark for mark in kept if mark.seq <= end])
    proof.faults.extend(_forged(keys, [mark for mark in kept if mark.seq > end]))
    return proof, max(0, max((mark.seq for mark in kept), default=0) - end)


def _forged(keys: Sequence[Ed25519PublicKey], beyond: Sequence[Checkpoint]) -> Iterator[str]:
    for mark in beyond:
        if not mark.is_signed_by(keys):
            yield f"the checkpoint of entry {mark.seq} was not signed by the sealer"
