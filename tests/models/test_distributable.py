"""The tables can be distributed by clinic (Citus, or a database for each group of clinics): asked
of PostgreSQL's own catalogue. What does not fit stands here with its reason, or nothing does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import psycopg
import pytest

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url

# Unique in the whole database, not in a clinic. Two kinds of reasons:
# - A registry: few words a row, looked up by what came from outside, before or without a clinic. It
#   stays one table that is distributed by its own key, or one of each group of clinics.
# - A secret of 128 random bits or more: two are never the same, so that uniqueness within a clinic
#   says as much, and an index that is not unique finds it.
UNIQUE_EVERYWHERE: Final = {
    "record_ids: id": "the registry of records: a phone makes the id, and it is one record's only",
    "audit_entries: seq": "a place in the chain, of which each database (group of clinics) has one",
    "invitations: code_digest": "a secret, looked up before the clinic is known",
    "password_resets: code_digest": "a secret, looked up before the clinic is known",
    "calendar_links: token_digest": "a secret, looked up before the clinic is known",
}
# Tables of no clinic: none of them is large, and none hangs on a clinic's rows.
OF_NO_CLINIC: Final = {
    "clinics": "its id is the clinic_id: distributed with it, or a reference table on every node",
    "login_delays": "by address and account that were tried, before a clinic is known: each group"
    " of clinics counts for itself",
    "password_reset_requests": "by an address that may be nobody's: as above",
    "worker_heartbeats": "of a process: each database has its workers",
    "api_lives": "of a process, as above",
    "probes": "of a process, as above",
    "watch_runs": "of an auditor: each database has its own",
    "key_fingerprints": "of the installation: a reference table",
    "keys": "of the door: a reference table",
    "parts": "of the eraser: written by migrations alone, the same everywhere",
    "alembic_version": "of the tables themselves",
}

# A unique index of a partition says what that of its whole table says.
UNIQUE: Final = """
SELECT c.relname || ': ' || string_agg(coalesce(a.attname, '(expression)'), ', ' ORDER BY k.place)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid AND c.relkind IN ('r', 'p') AND NOT c.relispartition
JOIN LATERAL unnest(i.indkey) WITH ORDINALITY k (number, place) ON true
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
WHERE (i.indisunique OR i.indisexclusion) AND {of_clinics}
GROUP BY i.indexrelid, c.relname
HAVING NOT coalesce(bool_or(a.attname = 'clinic_id'), false)
"""
# Both ends name the clinic, in the same place: a row of one clinic never points at another's.
POINTING: Final = """
SELECT c.relname || ' -> ' || f.relname
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_class f ON f.oid = k.confrelid
WHERE k.contype = 'f' AND k.conparentid = 0 AND {of_clinics} AND NOT EXISTS (
  SELECT FROM unnest(k.conkey, k.confkey) pair (mine, theirs)
  JOIN pg_attribute m ON m.attrelid = k.conrelid AND m.attnum = pair.mine
  JOIN pg_attribute t ON t.attrelid = k.confrelid AND t.attnum = pair.theirs
  WHERE m.attname = 'clinic_id'
    AND t.attname = CASE f.relname WHEN 'clinics' THEN 'id' ELSE 'clinic_id' END)
"""
# Numbers that are given out one after the other, by a sequence, an identity or a default.
NUMBERED: Final = """
SELECT c.relname || '.' || a.attname
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND (a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE '%nextval%')
UNION ALL SELECT relname FROM pg_class WHERE relkind = 'S'
"""
WITHOUT_CLINIC: Final = """
SELECT c.relname FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN ('public', 'door', 'erasure')
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT {of_clinics}
"""
# Who sees or changes rows of all clinics. `docs/scale.md` says what becomes of each.
OVER_ALL_CLINICS: Final = {
    "interlude_worker": "takes what is due, wherever it is",
    "interlude_auditor": "holds everything against everything, and writes its own run alone",
    "interlude_sealer": "chains the entries of all clinics",
    "interlude_door": "cannot log in: functions that look before a clinic is known, or count",
}
SEES_ALL: Final = """
SELECT DISTINCT r.rolname FROM pg_policy p JOIN pg_roles r ON r.oid = ANY (p.polroles)
JOIN pg_class c ON c.oid = p.polrelid AND {of_clinics}
WHERE p.polpermissive AND pg_get_expr(p.polqual, p.polrelid) NOT LIKE '%entered_clinic()%'
"""
OF_CLINICS: Final = (
    "EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = 'clinic_id')"
)


@pytest.fixture
def catalogue(database_urls: DatabaseUrls) -> Iterator[psycopg.Connection]:
    """As the superuser sees it; what a test changes is rolled back."""
    with psycopg.connect(libpq_url(database_urls.admin)) as connection:
        yield connection
        connection.rollback()


def found(catalogue: psycopg.Connection, question: str) -> list[str]:
    asked = question.replace("{of_clinics}", OF_CLINICS)
    return sorted(name for (name,) in catalogue.execute(asked.encode()))


def test_what_is_unique_is_so_within_a_clinic(catalogue: psycopg.Connection) -> None:
    assert found(catalogue, UNIQUE) == sorted(UNIQUE_EVERYWHERE)
    catalogue.execute("CREATE UNIQUE INDEX ON devices (id)")
    catalogue.execute("CREATE UNIQUE INDEX ON alerts (lower(family))")
    assert "devices: id" in found(catalogue, UNIQUE)
    assert len(found(catalogue, UNIQUE)) == len(UNIQUE_EVERYWHERE) + 2


def test_what_points_at_a_row_names_its_clinic(catalogue: psycopg.Connection) -> None:
    assert found(catalogue, POINTING) == []
    catalogue.execute("ALTER TABLE users ADD UNIQUE (id)")
    catalogue.execute("ALTER TABLE devices ADD FOREIGN KEY (id) REFERENCES users (id)")
    assert found(catalogue, POINTING) == ["devices -> users"]


def test_no_number_is_given_out_one_after_the_other(catalogue: psycopg.Connection) -> None:
    """Ids are made where the row is (UUIDv7), so that no two writers wait for the same counter, and
    two databases never give out the same. The audit's `seq` is counted by the one sealer, every 2
    seconds, a thousand entries a statement: nobody who writes an entry waits for it.
    """
    assert found(catalogue, NUMBERED) == []
    catalogue.execute("ALTER TABLE devices ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY")
    catalogue.execute("ALTER TABLE users ADD COLUMN number serial")
    assert found(catalogue, NUMBERED) == [
        "devices.number",
        "devices_number_seq",
        "users.number",
        "users_number_seq",
    ]


def test_every_other_table_is_of_a_clinic(catalogue: psycopg.Connection) -> None:
    assert found(catalogue, WITHOUT_CLINIC) == sorted(OF_NO_CLINIC)


def test_who_goes_over_all_clinics_is_known(catalogue: psycopg.Connection) -> None:
    assert found(catalogue, SEES_ALL) == sorted(OVER_ALL_CLINICS)
