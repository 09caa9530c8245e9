"""What goes with a person is looked for in every table that points at it: by an index, which is
made beside writes.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
from flask import Flask

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from migrations.upgrade import upgrade

# The keys of tables from which the eraser or the application takes rows away. An index serves that
# begins with the row's id, or with the clinic and the id, and holds all rows that have one. Of a
# patient there is one row and one account: for them each table is read once, which takes no index.
UNSERVED = """
SELECT k.conrelid::regclass || '.' || a.attname || ' -> ' || k.confrelid::regclass
FROM pg_constraint k
JOIN pg_attribute clinic ON clinic.attrelid = k.conrelid AND clinic.attname = 'clinic_id'
JOIN pg_attribute a
  ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND a.attnum <> clinic.attnum
WHERE k.contype = 'f'
  AND k.confrelid::regclass::text NOT IN ('patients', 'users')
  AND (has_table_privilege('interlude_eraser', k.confrelid, 'DELETE')
    OR has_table_privilege('interlude_app', k.confrelid, 'DELETE'))
  AND NOT EXISTS (
    SELECT FROM pg_index i
    WHERE i.indrelid = k.conrelid AND i.indisvalid
      AND (i.indkey[0] = a.attnum OR (i.indkey[0] = clinic.attnum AND i.indkey[1] = a.attnum))
      AND (i.indpred IS NULL
        OR pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname)))
ORDER BY 1
"""


def test_every_key_of_what_may_go_has_an_index(app: Flask, database_urls: DatabaseUrls) -> None:
    with psycopg.connect(libpq_url(database_urls.admin)) as connection:
        unserved = [name for (name,) in connection.execute(UNSERVED)]
        assert unserved == []
        # What the question would find without one of them.
        connection.execute("DROP INDEX ix_check_ins_family_id")
        unserved = [name for (name,) in connection.execute(UNSERVED)]
        assert unserved == ["check_ins.family_id -> token_families"]
        connection.rollback()


MIGRATION_LOCK = 20_260_001  # `migrations.env`, which no module imports
ASKS_AGAIN = """
SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user
  AND state = 'idle' AND query = 'ROLLBACK' AND backend_xmin IS NULL
"""


def test_who_waits_for_another_migration_holds_up_none_of_its_indexes(
    empty_database: DatabaseUrls,
) -> None:
    """An index that is made beside writes waits for every snapshot: two servers that are started at
    once would wait for each other.
    """
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(libpq_url(empty_database.owner), autocommit=True) as first,
    ):
        first.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        second = pool.submit(upgrade, empty_database.owner, "0001")
        while not (first.execute(ASKS_AGAIN).fetchall() or second.done()):
            pass
        assert not second.done()
        first.execute("SELECT pg_advisory_unlock(%s)", (MIGRATION_LOCK,))
        second.result()
