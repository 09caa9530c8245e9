"""Planted migrations: what would hold up a clinic at work is refused, what is right is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from api.embedded.urls import DatabaseUrls
from migrations.numbered import newest_migration
from tests.fixtures.databases.planted import plant
from tools.migrations.rehearsal import rehearse

Plant = Callable[..., list[str]]


@pytest.fixture
def planted(spoilt_database: DatabaseUrls, tmp_path: Path) -> Plant:
    """What is found when migrations are planted behind the newest one."""

    def found(*upgrades: str, contracts: Mapping[str, str] | None = None) -> list[str]:
        plant(tmp_path, *upgrades, contracts=contracts)
        return rehearse(spoilt_database.owner, spoilt_database.admin, tmp_path)

    return found


def sql(statement: str) -> str:
    return f"op.execute({statement!r})"


def apart(statement: str) -> str:
    block = f"with op.get_context().autocommit_block(): {sql(statement)}"
    return f"exec({block!r})"


def seen(table: str) -> str:
    return sql(f"CREATE POLICY planted ON {table} TO interlude_owner USING (true)")


UNPROVED = sql(
    "ALTER TABLE check_ins ADD CONSTRAINT fk FOREIGN KEY (clinic_id) REFERENCES clinics NOT VALID"
)
PROVE = "ALTER TABLE check_ins VALIDATE CONSTRAINT fk"

REFUSED = {
    "a volatile default": (
        sql("ALTER TABLE check_ins ADD COLUMN token uuid DEFAULT gen_random_uuid()"),
        "writes all of check_ins anew",
    ),
    "another type": (
        sql("ALTER TABLE alerts ALTER COLUMN occurrence_count TYPE bigint"),
        "writes all of alerts anew",
    ),
    "an emptied table": (sql("TRUNCATE watch_runs"), "writes all of watch_runs anew"),
    "an index": (
        sql("CREATE INDEX ix_planted ON check_ins (received_at)"),
        "reads all of check_ins while nobody can write to check_ins",
    ),
    "a unique constraint": (
        sql("ALTER TABLE users ADD CONSTRAINT uq_planted UNIQUE (clinic_id, created_at)"),
        "reads all of users while",
    ),
    "NOT NULL": (
        sql("ALTER TABLE patients ALTER COLUMN born_on SET NOT NULL"),
        "reads all of patients while",
    ),
    "a CHECK": (
        sql("ALTER TABLE check_ins ADD CONSTRAINT ck_planted CHECK (received_at > '2020-01-01')"),
        "reads all of check_ins while",
    ),
    "a CHECK, made valid in the same transaction": (
        sql("ALTER TABLE check_ins ADD CONSTRAINT ck_planted CHECK (id IS NOT NULL) NOT VALID")
        + "; "
        + sql("ALTER TABLE check_ins VALIDATE CONSTRAINT ck_planted"),
        "reads all of check_ins while",
    ),
    "a foreign key": (
        sql("ALTER TABLE check_ins ADD CONSTRAINT fk FOREIGN KEY (clinic_id) REFERENCES clinics"),
        "takes the rows of check_ins on trust, unseen",
    ),
    "a foreign key, made valid in the same transaction": (
        f"{UNPROVED}; {sql(PROVE)}",
        "takes the rows of check_ins on trust, unseen",
    ),
    "a foreign key, made valid apart": (
        f"{UNPROVED}; {apart(PROVE)}",
        "takes the rows of check_ins on trust, unseen",
    ),
    "a foreign key, made valid apart while its table is hidden": (
        f"{seen('clinics')}; {UNPROVED}; {apart(PROVE)}",
        "takes the rows of check_ins on trust, unseen",
    ),
    "a foreign key, made valid apart while what it points at is hidden": (
        f"{seen('check_ins')}; {UNPROVED}; {apart(PROVE)}",
        "takes the rows of check_ins on trust, unseen",
    ),
    "a dropped column": (
        "drop_columns('patients', {'born_on': ''})",
        "patients.born_on is gone",
    ),
    "a renamed column": (
        sql("ALTER TABLE patients RENAME COLUMN born_on TO birthday"),
        "patients.born_on is gone",
    ),
    "a renamed table": (sql("ALTER TABLE watch_runs RENAME TO runs"), "watch_runs is gone"),
    "a dropped table": (sql("DROP TABLE watch_runs"), "watch_runs is gone"),
    "a dropped function": (sql("DROP FUNCTION door_letters()"), "function door_letters() -> "),
    "a right that is taken away": (
        sql("REVOKE INSERT ON check_ins FROM interlude_app"),
        "insert on check_ins by interlude_app is gone",
    ),
    "a unique index that ON CONFLICT may name": (
        "drop_index('uq_users_clinic_id_email_digest')",
        "unique index uq_users_clinic_id_email_digest on users is gone",
    ),
    "a column that the previous release does not write": (
        "add_columns('patients', {'ward': 'text NOT NULL'})",
        "patients.ward must be written",
    ),
    "rows that are changed in one go": (
        sql("UPDATE check_ins SET received_at = received_at"),
        "changes the rows of check_ins in one go",
    ),
    "rows that are changed in one go, apart": (
        apart("DELETE FROM watch_runs"),
        "changes the rows of watch_runs in one go",
    ),
    "a wait for ever": (
        sql("SET LOCAL lock_timeout = 0; ALTER TABLE patients ADD COLUMN ward text"),
        "waits for a table without a lock_timeout",
    ),
    "all policies at once": ("own_clinic_policies()", "tables at once"),
    "many tables at once": ("[op.execute(one) for one in OTHERS]", "holds 6 tables at once"),
    "steps apart that cannot be begun again": (
        "add_index('alerts', 'ix_planted', '(family)'); create_tables((ROOMS,))",
        "cannot be begun again",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_holds_up_a_clinic_is_refused(planted: Plant, what: str) -> None:
    upgrade, words = REFUSED[what]
    found = planted(upgrade)
    assert any(words in line for line in found), found
    assert all(line.startswith("9001 ") for line in found)


TAKEN = {
    "a column that may be empty": "add_columns('check_ins', {'ward': 'text'})",
    "a column with a default": (
        "add_columns('check_ins', {'ward': \"text NOT NULL DEFAULT ''\", 'n': 'integer DEFAULT 0'})"
    ),
    "a table": "add_tables((ROOMS,))",
    "an index": "add_index('check_ins', 'ix_planted', '(clinic_id, received_at)')",
    "a unique index": "add_index('check_ins', 'uq_planted', '(clinic_id, id, received_at)')",
    "a dropped index": "drop_index('ix_alerts_planted')",
    "a CHECK": "add_check('check_ins', 'planted', 'received_at IS NOT NULL')",
    "a foreign key": "add_reference('check_ins', 'patient_id', 'patients')",
    "filled in": "backfill('patients', \"born_on = '1980-01-01'\", 'born_on IS NULL')",
    "a function": sql("CREATE FUNCTION door_planted() RETURNS integer LANGUAGE sql AS 'SELECT 1'"),
    "a right": sql("GRANT DELETE ON watch_runs TO interlude_auditor"),
}


@pytest.mark.parametrize("what", TAKEN)
def test_what_holds_up_nobody_is_taken(planted: Plant, what: str) -> None:
    assert planted(TAKEN[what]) == []


def test_a_column_that_the_release_before_always_writes_may_be_required(planted: Plant) -> None:
    upgrade = "require('patients', 'born_on')"
    (found,) = planted(upgrade)
    assert found.startswith("9001 patients.born_on must be written")
    assert planted(upgrade, contracts={"patients.born_on": newest_migration()}) == []


def test_what_an_earlier_release_gave_up_may_go(planted: Plant) -> None:
    upgrade = "drop_columns('patients', {'born_on': ''})"
    assert planted(upgrade, contracts={"patients.born_on": newest_migration()}) == []


@pytest.mark.parametrize("since", ["9001", "9009", ""])
def test_nothing_is_given_up_by_the_migration_that_takes_it_away(
    planted: Plant, since: str
) -> None:
    upgrade = "drop_columns('patients', {'born_on': ''})"
    found = planted(upgrade, contracts={"patients.born_on": since})
    assert found == [f"9001 patients.born_on: {since} is no earlier migration"]


def test_each_migration_is_compared_with_the_one_before(planted: Plant) -> None:
    """A table of one release is in use when the next one comes."""
    found = planted("add_tables((ROOMS,))", sql("CREATE INDEX ix_planted ON rooms (id)"))
    assert [line.partition("\n")[0] for line in found] == [
        "9002 reads all of rooms while nobody can write to rooms: `add_index`, `add_check`,"
        " `add_reference`, `require`"
    ]
