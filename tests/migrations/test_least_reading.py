"""A role that sees all clinics reads no more of them than its part needs."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url


def query(column: str, table: str) -> sql.Composed:
    what = sql.SQL("*") if column == "*" else sql.Identifier(column)
    return sql.SQL("SELECT {} FROM {}").format(what, sql.Identifier(table))


@pytest.mark.parametrize(
    ("role", "table", "columns"),
    [
        ("worker", "patient_status", "last_item9, baseline, current, trend_status, daily_m7"),
        ("worker", "alert_occurrences", "item9, cssrs"),
        ("worker", "users", "password_hash, epoch"),
        ("worker", "patients", "name, phone, mrn, born_on"),
        ("worker", "patient_search_parts", "part"),
        ("auditor", "patient_search_parts", "part"),
        ("worker", "check_in_contents", "answers, note"),
        ("worker", "alert_notes", "text"),
        ("auditor", "users", "password_hash"),
        ("worker", "totp_factors", "secret"),
        ("auditor", "totp_factors", "secret"),
        ("worker", "recovery_codes", "code_digest"),
        ("auditor", "recovery_codes", "code_digest"),
        ("worker", "passkeys", "public_key"),
        ("auditor", "passkeys", "public_key"),
        ("worker", "passkey_challenges", "challenge"),
        ("auditor", "passkey_challenges", "challenge"),
        ("worker", "oidc_providers", "client_secret"),
        ("auditor", "oidc_providers", "client_secret"),
        ("auditor", "oidc_identities", "identity_digest"),
    ],
)
def test_columns_that_a_role_cannot_read(
    database_urls: DatabaseUrls, role: str, table: str, columns: str
) -> None:
    with psycopg.connect(libpq_url(getattr(database_urls, role)), autocommit=True) as connection:
        for column in columns.split(", "):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(query(column, table))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(query("*", table))


def test_the_worker_changes_nothing_of_a_status_row_but_its_revision_and_when_to_look(
    database_urls: DatabaseUrls,
) -> None:
    with psycopg.connect(libpq_url(database_urls.worker), autocommit=True) as connection:
        for column in ("revision", "silence_due_at"):
            query = sql.SQL("UPDATE patient_status SET {0} = {0} WHERE false")
            connection.execute(query.format(sql.Identifier(column)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE patient_status SET item9_positive_at = NULL WHERE false")
