"""A key that a patient's name is searched by, without accents, case and kinds of apostrophes.

Why: the same name has several spellings in Unicode and on keyboards, and a search that finds
nobody looks like a patient who does not exist.

Safe beside the previous version: PostgreSQL fills the column, for its writes too.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

from alembic import op

from migrations.tables import add_columns, drop_columns

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Decomposed, without combining marks; letters that do not decompose as they are typed without
# them; apostrophes of all kinds go, hyphens and blanks of all kinds are one blank.
FUNCTION = r"""
CREATE FUNCTION search_key(written text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT btrim(regexp_replace(regexp_replace(
    replace(replace(replace(replace(translate(
        lower(regexp_replace(normalize(written, NFKD), '[\u0300-\u036f]', '', 'g')),
        'øłđðıħ', 'olddih'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
    '[''`´‘’ʼʹ′＇]', '', 'g'), '[\s\u00a0\u2000-\u200b\u202f\u3000\u2010-\u2015-]+', ' ', 'g'))
$$
"""
COLUMNS = {"search_key": "text GENERATED ALWAYS AS (search_key(name)) STORED"}


def upgrade() -> None:
    """Make the function, and the column that it fills."""
    op.execute(FUNCTION)
    add_columns("patients", COLUMNS)


def downgrade() -> None:
    """Drop both: names are searched as they are written."""
    drop_columns("patients", COLUMNS)
    op.execute("DROP FUNCTION search_key(text)")
