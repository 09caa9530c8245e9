"""The audit chain at the size that the issue names: one byte, one row, two swapped, the end."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import make_url

from services.auditing.checkpoints import Checkpoint
from tests.builders.chains import Chain
from tests.builders.world import World
from tests.proofs.apart import own_app
from tests.proofs.seen import Seen, verdict

# what somebody does to an entry: the statement, and what the proof says of it
KINDS: Final = {
    "one byte changed": (
        "UPDATE audit_entries SET detail_mac = set_byte(detail_mac, 7, get_byte(detail_mac, 7) # 1)"
        " WHERE seq = %s",
        "entry {0} was changed",
    ),
    "one row dropped": ("DELETE FROM audit_entries WHERE seq = %s", "entry {0} is missing"),
    "two swapped": (
        "UPDATE audit_entries SET seq = -seq WHERE seq IN (%s, {1})",
        "entry {0} was changed",
    ),
    "the end cut off": (
        "DELETE FROM audit_entries WHERE seq > %s",
        "the chain ends at {0}, the checkpoint saw {2}",
    ),
}


def sealed_audit(events: int, seed: int) -> Iterator[Seen]:
    """Each kind of tampering at places drawn from the chain, found and located."""
    with tempfile.TemporaryDirectory() as folder, own_app(Path(folder)) as app:
        database = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
        admin = database.set(username="postgres").render_as_string(hide_password=False)
        chain, clinic = Chain(app, admin), World(app).clinic()
        chain.events(clinic.id, events)
        began = time.monotonic()
        chain.seal()
        sealed = time.monotonic()
        whole = chain.faults(*chain.published)
        proved = time.monotonic()
        seen = f"sealed in {sealed - began:.1f} s, proved in {proved - sealed:.1f} s"
        yield verdict("a chain that nobody touched is whole", f"{events} events", seen, whole)
        chain.spoil("CREATE TABLE kept_entries AS TABLE audit_entries")
        places = random.Random(seed)
        for kind in KINDS:
            missed = _tried(chain, kind, places.randrange(2, events))
            yield verdict(f"found and located: {kind}", f"{events} events", "found", missed)
        anew = _written_anew(chain, places.randrange(2, events))
        yield verdict("found: all written anew by the owner", f"{events} events", "found", anew)


def _written_anew(chain: Chain, place: int) -> Iterator[str]:
    """The owner writes the chain anew from here on: it fits, and no seal of it is the sealer's."""
    mine = Ed25519PrivateKey.generate()
    first = min(mark.seq for mark in chain.published if mark.seq >= place)
    chain.write_anew(
        place, lambda here: Checkpoint.signed(mine, here.seq, here.hash, here.sealed_at).signature
    )
    found = chain.faults(*chain.published)
    if not found or found[0] != f"entry {first}: its seal is not the sealer's":
        yield f"written anew from {place}: {found[:3]}"


def _tried(chain: Chain, kind: str, place: int) -> Iterator[str]:
    """What was to be found and was not."""
    statement, expected = KINDS[kind]
    newest = chain.published[-1].seq
    chain.spoil(statement.format(place, place + 1), place)
    if kind == "two swapped":
        chain.spoil("UPDATE audit_entries SET seq = %s WHERE seq = %s", place + 1, -place)
        chain.spoil("UPDATE audit_entries SET seq = %s WHERE seq = %s", place, -place - 1)
    found = chain.faults(*chain.published)
    if expected.format(place, place + 1, newest) not in found:
        yield f"{kind} at {place}: {found[:3]}"
    chain.spoil("DELETE FROM audit_entries")
    chain.spoil("INSERT INTO audit_entries SELECT * FROM kept_entries")
    if chain.faults(*chain.published):
        yield f"{kind} at {place}: not whole again after it was undone"
