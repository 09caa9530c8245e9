"""Tables are changed while they are in use: by these statements, in nobody's way, begun again."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from api.embedded.urls import DatabaseUrls
from migrations import short_waits
from migrations.in_use import backfill_statement
from migrations.numbered import newest_migration
from migrations.roles import libpq_url
from migrations.short_waits import BusyDatabaseError
from migrations.upgrade import upgrade
from tests.fixtures.databases.planted import plant

ADDED = "SELECT FROM pg_attribute WHERE attrelid = 'check_ins'::regclass AND attname = 'ward'"
REVISION = "SELECT version_num FROM alembic_version"
ADD = "add_columns('check_ins', {'ward': 'text'})"


def admin_of(database: DatabaseUrls) -> psycopg.Connection:
    return psycopg.connect(libpq_url(database.admin), autocommit=True)


def test_who_is_in_the_way_is_left_alone(spoilt_database: DatabaseUrls, tmp_path: Path) -> None:
    """A report holds check-ins: the migration gives way, and comes when the report is over."""
    plant(tmp_path, ADD)
    shown: list[str] = []
    with psycopg.connect(libpq_url(spoilt_database.admin)) as report:
        report.execute("SELECT count(*) FROM check_ins")
        with pytest.raises(BusyDatabaseError, match="xact_start"):
            upgrade(spoilt_database.owner, "head", tmp_path, lock_wait_s=0.05, patience_s=0)

        def over(line: str) -> None:
            shown.append(line)
            report.rollback()

        with admin_of(spoilt_database) as admin:
            assert not admin.execute(ADDED).fetchall()
            assert admin.execute(REVISION).fetchone() == (newest_migration(),)
            upgrade(spoilt_database.owner, "head", tmp_path, lock_wait_s=2, report=over)
            assert admin.execute(ADDED).fetchall()
    assert shown[0] == "a table is in use and was not given within 2 s: again in 1 s"


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, which nobody waits for."""
    pauses: list[float] = []
    monkeypatch.setattr("migrations.upgrade.time.sleep", pauses.append)
    return pauses


def test_patience_with_one_place_ends(
    spoilt_database: DatabaseUrls, tmp_path: Path, slept: list[float]
) -> None:
    plant(tmp_path, ADD)
    with psycopg.connect(libpq_url(spoilt_database.admin)) as report:
        report.execute("LOCK check_ins")
        with pytest.raises(BusyDatabaseError, match="in use for 30 s"):
            upgrade(spoilt_database.owner, "head", tmp_path, lock_wait_s=0.05, patience_s=30)
    assert slept == [1, 2, 4, 8, 15]


def test_each_place_has_patience_of_its_own(
    spoilt_database: DatabaseUrls, tmp_path: Path, slept: list[float]
) -> None:
    """Filling in a large table takes longer than anybody's patience with one lock."""
    plant(tmp_path, ADD, "add_columns('alerts', {'ward': 'text'})")
    in_use = ["LOCK check_ins", "LOCK alerts"]
    with psycopg.connect(libpq_url(spoilt_database.admin)) as report:
        report.execute(in_use.pop(0))

        def next_one(_line: str) -> None:
            report.rollback()
            if in_use:
                report.execute(in_use.pop(0))

        how = {"lock_wait_s": 1.0, "patience_s": 3.0, "report": next_one}
        upgrade(spoilt_database.owner, "head", tmp_path, **how)
    assert len(slept) >= 2
    with admin_of(spoilt_database) as admin:
        assert admin.execute(REVISION).fetchone() == ("9002",)


def test_a_migration_that_fails_by_itself_is_not_tried_again(
    spoilt_database: DatabaseUrls, tmp_path: Path
) -> None:
    plant(tmp_path, "op.execute('SELECT 1 / 0')")
    with pytest.raises(Exception, match="division by zero"):
        upgrade(spoilt_database.owner, "head", tmp_path, report=pytest.fail)


def test_a_migration_that_takes_too_long_in_all_gives_way(
    spoilt_database: DatabaseUrls, tmp_path: Path
) -> None:
    """Many short waits would be a long one for whoever waits behind the first."""
    plant(tmp_path, f"{ADD}; [op.execute('SELECT pg_sleep(0.04)') for _ in range(25)]")
    with pytest.raises(BusyDatabaseError):
        upgrade(spoilt_database.owner, "head", tmp_path, lock_wait_s=0.2, patience_s=0)
    with admin_of(spoilt_database) as admin:
        assert not admin.execute(ADDED).fetchall()


def test_what_is_done_stays_done_before_a_migration_that_fails(
    spoilt_database: DatabaseUrls, tmp_path: Path
) -> None:
    plant(tmp_path, ADD, "op.execute('SELECT 1 / 0')")
    with pytest.raises(Exception, match="division by zero"):
        upgrade(spoilt_database.owner, "head", tmp_path)
    with admin_of(spoilt_database) as admin:
        assert admin.execute(REVISION).fetchone() == ("9001",)


def test_pauses_grow_and_stay_bearable() -> None:
    pauses = short_waits.pauses()
    assert [next(pauses) for _ in range(6)] == [1, 2, 4, 8, 15, 15]


def test_an_index_that_was_broken_off_is_made_anew(
    spoilt_database: DatabaseUrls, tmp_path: Path
) -> None:
    plant(tmp_path, "add_index('probes', 'ix_planted', '(written_at)')")
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_planted'::regclass"
    with admin_of(spoilt_database) as admin:
        admin.execute("CREATE INDEX ix_planted ON probes (written_at)")
        admin.execute("ALTER INDEX ix_planted OWNER TO interlude_owner")
        # As PostgreSQL leaves it.
        admin.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_planted'::regclass"
        )
        upgrade(spoilt_database.owner, "head", tmp_path)
        assert admin.execute(valid).fetchone() == (True,)


OTHERS_WRITE = """
CREATE FUNCTION others_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF (SELECT count(*) FROM probes_of_wards) < 712 THEN
    INSERT INTO probes_of_wards VALUES (gen_random_uuid());
  END IF;
  RETURN NULL;
END $$"""
FILLED_IN = "backfill('probes_of_wards', \"ward = 'x'\", 'ward IS NULL')"


def many_pages(admin: psycopg.Connection) -> None:
    """A table of 140 pages."""
    admin.execute("CREATE TABLE probes_of_wards (clinic_id uuid, pad text, ward text)")
    admin.execute("ALTER TABLE probes_of_wards OWNER TO interlude_owner")
    admin.execute("ALTER TABLE probes_of_wards ENABLE ROW LEVEL SECURITY")
    admin.execute("ALTER TABLE probes_of_wards FORCE ROW LEVEL SECURITY")
    admin.execute(
        "INSERT INTO probes_of_wards"
        " SELECT gen_random_uuid(), repeat('x', 1500) FROM generate_series(1, 700)"
    )


def test_rows_of_all_clinics_are_filled_in_and_nobody_sees_more_afterwards(
    spoilt_database: DatabaseUrls, tmp_path: Path
) -> None:
    plant(tmp_path, FILLED_IN)
    with admin_of(spoilt_database) as admin:
        many_pages(admin)
        upgrade(spoilt_database.owner, "head", tmp_path)
        left = "SELECT count(*) FROM probes_of_wards WHERE ward IS DISTINCT FROM 'x'"
        assert admin.execute(left).fetchone() == (0,)
        policies = "SELECT FROM pg_policies WHERE tablename = 'probes_of_wards'"
        assert not admin.execute(policies).fetchall()


def test_what_others_write_behind_it_is_filled_in_too(
    spoilt_database: DatabaseUrls, tmp_path: Path
) -> None:
    """A row that somebody changes moves, also to pages that are done: here one at each step."""
    plant(tmp_path, FILLED_IN)
    missing = "SELECT count(*), count(*) FILTER (WHERE ward IS NULL) FROM probes_of_wards"
    with admin_of(spoilt_database) as admin:
        many_pages(admin)
        admin.execute(OTHERS_WRITE)
        admin.execute(
            "CREATE TRIGGER others_write AFTER UPDATE ON probes_of_wards"
            " EXECUTE FUNCTION others_write()"
        )
        upgrade(spoilt_database.owner, "head", tmp_path)
        assert admin.execute(missing).fetchone() == (712, 0)


def test_a_row_that_breaks_a_new_check_stops_the_migration_and_nobody_else(
    spoilt_database: DatabaseUrls, tmp_path: Path
) -> None:
    plant(tmp_path, "add_check('beds', 'planted', 'floor > 1')")
    with admin_of(spoilt_database) as admin:
        admin.execute("CREATE TABLE beds (floor integer)")
        admin.execute("ALTER TABLE beds OWNER TO interlude_owner")
        admin.execute("INSERT INTO beds VALUES (1)")
        with pytest.raises(Exception, match="ck_beds_planted"):
            upgrade(spoilt_database.owner, "head", tmp_path)
        admin.execute("UPDATE beds SET floor = 2")
        upgrade(spoilt_database.owner, "head", tmp_path)


def test_a_row_that_points_nowhere_is_seen_though_its_owner_may_not_see_it(
    spoilt_database: DatabaseUrls, tmp_path: Path
) -> None:
    """PostgreSQL alone would call the foreign key valid."""
    plant(tmp_path, "add_reference('beds', 'patient_id', 'patients')")
    with admin_of(spoilt_database) as admin:
        admin.execute("CREATE TABLE beds (clinic_id uuid, patient_id uuid)")
        admin.execute("ALTER TABLE beds OWNER TO interlude_owner")
        admin.execute("ALTER TABLE beds ENABLE ROW LEVEL SECURITY")
        admin.execute("ALTER TABLE beds FORCE ROW LEVEL SECURITY")
        admin.execute("INSERT INTO beds SELECT gen_random_uuid(), gen_random_uuid()")
        with pytest.raises(Exception, match="fk_beds_clinic_id_patient_id_patients"):
            upgrade(spoilt_database.owner, "head", tmp_path)
        admin.execute("DELETE FROM beds")
        upgrade(spoilt_database.owner, "head", tmp_path)
        assert not admin.execute("SELECT FROM pg_policies WHERE policyname = 'backfill'").fetchall()


def test_a_filled_in_part_of_a_table_is_a_range_of_its_pages() -> None:
    assert backfill_statement("beds", "floor = 0", "floor IS NULL", 64) == (
        "UPDATE beds SET floor = 0 WHERE ctid >= '(64,0)'::tid AND ctid < '(96,0)'::tid"
        " AND (floor IS NULL)"
    )
