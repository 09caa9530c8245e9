"""An audit chain to be sealed, spoilt and proved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from psycopg.rows import dict_row

from api.cli.audit import working_as
from api.embedded.urls import database_urls
from api.settings import Settings
from migrations.roles import libpq_url
from services import audit
from services.auditing.chain import link
from services.auditing.checkpoints import Checkpoint
from services.auditing.seal import Sealer
from services.auditing.verify import ChainProof, verify_chain
from services.clock import utcnow
from services.unit_of_work import transaction


@dataclass
class Chain:
    """The chain of one database, with a sealer's key and what left the database of it."""

    app: Flask
    admin_url: str
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    published: list[Checkpoint] = field(default_factory=list)
    batches: list[Sequence[Mapping[str, Any]]] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """Those of the application."""
        settings: Settings = self.app.config["INTERLUDE"]
        return settings

    @contextmanager
    def sealing(self) -> Iterator[Sealer]:
        """A sealer in its role's place, which goes on from what was published last."""
        last = self.published[-1] if self.published else None
        with ExitStack() as stack:
            app = stack.enter_context(working_as("sealer", self.settings))
            stack.enter_context(app.app_context())
            yield Sealer(self.key, last, self.published.append, self.batches.append)

    def seal(self) -> int:
        """Seal what is there."""
        with self.sealing() as sealer:
            return sealer.seal_all(utcnow)

    def proof(self, *kept: Checkpoint) -> ChainProof:
        """Prove it as the auditor."""
        with working_as("auditor", self.settings) as app, app.app_context():
            return verify_chain([self.key.public_key()], kept)

    def faults(self, *kept: Checkpoint) -> list[str]:
        """What a proof finds."""
        return self.proof(*kept).faults

    def events(self, clinic_id: UUID, count: int, patient_id: UUID | None = None) -> None:
        """So many entries, each with a detail."""
        with self.app.app_context(), transaction(clinic_id) as session:
            for number in range(count):
                audit.record(session, None, "patient_read", utcnow(), patient_id, number=number)

    def spoil(self, statement: str, *values: object) -> None:
        """As somebody whom neither grants nor row-level security stop."""
        with psycopg.connect(libpq_url(self.admin_url)) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(statement, values or None)

    def write_anew(self, place: int, sign: Callable[[Checkpoint], bytes | None]) -> None:
        """This entry becomes another one, and every hash after it is made to fit, as the owner of
        the database can; `sign` makes up what the sealer's key would.
        """
        self.spoil("UPDATE audit_entries SET action = 'other' WHERE seq = %s", place)
        with psycopg.connect(libpq_url(self.admin_url)) as connection:
            cursor = connection.cursor(row_factory=dict_row)
            query = "SELECT * FROM audit_entries WHERE seq >= %s ORDER BY seq"
            first, *found = cursor.execute(query, (place - 1,)).fetchall()
            before, written = first["hash"], []
            for entry in found:
                before = link(before, entry)
                here = Checkpoint(entry["seq"], before, entry["sealed_at"], b"")
                written.append((before, sign(here) if entry["signature"] else None, here.seq))
            cursor.executemany(
                "UPDATE audit_entries SET hash = %s, signature = %s WHERE seq = %s", written
            )

    def role_url(self, role: str) -> str:
        """As libpq reads it."""
        return libpq_url(database_urls(self.settings).need(role))  # type: ignore[arg-type] # a role's name
