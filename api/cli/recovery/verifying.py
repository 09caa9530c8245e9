"""Looking at a restored database, line by line: is it whole, was done what follows a restore?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from api.cli.audit import SECONDS, key_file_of, working_as
from api.settings import Settings
from migrations.numbered import migrations, newest_migration
from models.revision import migration_problem
from services.auditing.checkpoints import Checkpoint, SealError, public_file, public_keys
from services.auditing.endings import EndingEntry
from services.caseload.verify import verify_caseload
from services.clock import utcnow
from services.operations.keys import missing_key
from services.operations.revision import database_revision
from services.restoring.again import still_alive, unknown_endings
from services.restoring.proof import RestoredDatabase, missing_findings, read_restored
from services.restoring.sealed import verify_restored_chain

SHOWN: Final = 5


class LookResult(NamedTuple):
    """What one look has found, in words."""

    ok: bool
    name: str
    words: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.ok else 'NO  '} {self.name:<10} {self.words}"


@dataclass(frozen=True, slots=True)
class Outside:
    """What is known outside of the database: rows of each table when it was backed up (empty: they
    were not written down), checkpoints of the audit, and what has to outlive a restore.
    """

    rows: Mapping[str, int]
    kept: Sequence[Checkpoint] = ()
    endings: Sequence[EndingEntry] = ()


def verify_lines(settings: Settings, outside: Outside) -> Iterator[LookResult]:
    """One line for each thing that has to hold; changes nothing."""
    with working_as("app", settings) as app, app.app_context():
        problem = missing_key()
        yield LookResult(problem is None, "key", problem or "this process opens what was written")
        yield _migration()
        if problem is None:
            yield _caseload()
            yield _ended(outside.endings)
    with working_as("auditor", settings) as app, app.app_context():
        restored = read_restored()
        yield _rows(restored, outside.rows)
        yield _chain(settings, outside.kept)
        yield _watched()
        yield _finished(restored)
        yield _pages(restored)


def _migration() -> LookResult:
    found = database_revision()
    problem = migration_problem(found, newest_migration(), migrations())
    return LookResult(problem is None, "migration", problem or f"the database is at {found}")


def _caseload() -> LookResult:
    checked = list(verify_caseload(utcnow()))
    wrong = [str(one.patient_id) for one in checked if one.differing]
    words = f"{len(checked)} status rows, {len(wrong)} differ from a recompute"
    return LookResult(not wrong, "caseload", words + _first(wrong))


def _ended(endings: Sequence[EndingEntry]) -> LookResult:
    unknown = unknown_endings(endings)
    alive = still_alive(unknown)
    if not endings:
        words = "no file of endings was given: what was ended or erased since may be alive again"
        return LookResult(True, "endings", words)
    words = f"{len(endings)} known, {len(alive)} of them alive again"
    words += _first([f"{e.action} {e.entry_id}" for e in alive])
    # No fault for ever: whether a person has done it again, no entry can tell.
    if looks := sum(one.needs_a_person for one in unknown):
        words += f"; {looks} that only a person can do again, as restore finish names them"
    return LookResult(not alive, "endings", words)


def _rows(restored: RestoredDatabase, before: Mapping[str, int]) -> LookResult:
    rows = {name: restored.rows.get(name, 0) for name in before}
    fewer = [name for name, count in before.items() if rows[name] < count]
    lost = [name for name in fewer if not rows[name] or name in restored.only_grow]
    words = f"{sum(restored.rows.values())} in {len(restored.rows)} tables"
    if restored.newest_at is not None:
        words += f", the newest entry came in at {restored.newest_at:{SECONDS}}"
    if before:
        words += f"; fewer than at the backup in {len(fewer)} tables"
    never = dict.fromkeys(restored.only_grow, ", and no row of it ever goes")
    found = [
        f"{name} {rows[name]} of {before[name]}{never.get(name, '')}"
        for name in sorted(fewer, key=lambda name: name not in lost)
    ]
    return LookResult(not lost, "rows", words + _first(found))


def _chain(settings: Settings, kept: Sequence[Checkpoint]) -> LookResult:
    key_file = key_file_of(settings)
    try:
        keys = public_keys(key_file) if public_file(key_file).exists() else []
        proof, beyond = verify_restored_chain(keys, kept)
        if proof.end and not keys:
            raise SealError(f"{public_file(key_file)} is needed: no seal can be checked without it")
    except SealError as error:
        return LookResult(False, "chain", str(error))
    if proof.end is None:
        words = "nothing is sealed"
        if beyond:
            words += (
                f", but a checkpoint outside saw {beyond} entries: restore a later instant; if one"
                " from before the first seal is meant, nothing proves this audit"
            )
        ok = not proof.faults and not beyond
        return LookResult(ok, "chain", words + _first(proof.faults))
    words = f"up to entry {proof.end.seq} ({proof.end.sealed_at:{SECONDS}})"
    if beyond:
        words += f"; a checkpoint outside saw {beyond} more, from after what was restored"
    return LookResult(not proof.faults, "chain", words + _first(proof.faults))


def _watched() -> LookResult:
    missing = missing_findings(utcnow())
    words = ", ".join(f"{count} x {word}" for word, count in missing.items())
    return LookResult(
        not missing, "answers", words or "each that calls for a person is on an alert"
    )


def _finished(restored: RestoredDatabase) -> LookResult:
    if restored.finished_at is None:
        return LookResult(
            False, "finish", "not run on this timeline: flask --app wsgi restore finish"
        )
    return LookResult(True, "finish", f"run at {restored.finished_at:{SECONDS}}")


def _pages(restored: RestoredDatabase) -> LookResult:
    if restored.finished_at is None:
        return LookResult(False, "pages", "of open alerts are not queued anew")
    ids = [str(alert_id) for _, alert_id in restored.unpaged]
    words = f"{len(ids)} open alerts without a page since" if ids else "of open alerts queued anew"
    return LookResult(not ids, "pages", words + _first(ids))


def _first(found: Sequence[str]) -> str:
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f": {'; '.join(found[:SHOWN])}{more}" if found else ""
