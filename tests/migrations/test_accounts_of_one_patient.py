"""An account is of one patient, by a key that names the clinic; whoever does not name it is served
by the same key.
"""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest
from alembic import command
from psycopg.sql import SQL, Identifier
from sqlalchemy.exc import IntegrityError

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from migrations.upgrade import alembic_config, upgrade
from models.clinic_door import enter_session
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld

# As the release before this key asks.
BY_ACCOUNT_ALONE = "EXPLAIN SELECT id FROM patients WHERE user_id = %s"
GIVE = "UPDATE patients SET user_id = :account WHERE id = :id"
KEYS = """
SELECT i.indexrelid::regclass::text, i.indisunique AND i.indisvalid, k.contype
FROM pg_index i JOIN pg_attribute a
  ON a.attrelid = i.indrelid AND a.attname = 'user_id' AND a.attnum = ANY (i.indkey)
LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype = 'u'
WHERE i.indrelid = 'patients'::regclass
"""
FORMER = [("uq_patients_user_id", True, "u")]
NOW = [("uq_patients_clinic_id_user_id", True, None)]


def test_no_account_is_of_two_patients(clinic: ClinicWorld) -> None:
    ada, bo = clinic.patient(), clinic.patient()
    with pytest.raises(IntegrityError, match=NOW[0][0]):
        rows(ada, GIVE, account=ada.user_id, id=bo.patient_id)


def test_a_patient_who_is_looked_up_by_account_alone_is_found_by_the_key(
    clinic: ClinicWorld, database_urls: DatabaseUrls
) -> None:
    """The row policy names the clinic."""
    with psycopg.connect(libpq_url(database_urls.app), autocommit=True) as api:
        enter_session(api, clinic.id)
        for way in ("seqscan", "bitmapscan"):  # of so few rows
            api.execute(SQL("SET {} = off").format(Identifier(f"enable_{way}")))
        plan = "\n".join(line for (line,) in api.execute(BY_ACCOUNT_ALONE, (UUID(int=1),)))
    assert f"using {NOW[0][0]}" in plan
    assert "Index Cond: ((clinic_id = (InitPlan" in plan
    assert "(user_id =" in plan


def test_the_key_goes_back_and_forward_and_is_begun_again(spoilt_database: DatabaseUrls) -> None:
    config = alembic_config(spoilt_database.owner)
    with psycopg.connect(libpq_url(spoilt_database.admin), autocommit=True) as admin:
        assert admin.execute(KEYS).fetchall() == NOW
        command.downgrade(config, "0056")
        assert admin.execute(KEYS).fetchall() == FORMER
        # Broken off behind the first step.
        admin.execute(f"CREATE UNIQUE INDEX {NOW[0][0]} ON patients (clinic_id, user_id)")
        admin.execute(f"ALTER INDEX {NOW[0][0]} OWNER TO interlude_owner")
        upgrade(spoilt_database.owner)
        assert admin.execute(KEYS).fetchall() == NOW
