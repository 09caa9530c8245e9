"""What a migration needs to say what becomes of a table's rows when a patient is erased.

Frozen as `migrations.tables` is: a later table of a patient's is added by `erase_with` in its own
migration, and this module only grows.
"""

from __future__ import annotations

from dataclasses import dataclass

from alembic import op

# The patient: $1 the clinic, $2 the patient, $3 their account (null: they have none).
ERASE = """CREATE FUNCTION erasure.erase(erasure_id uuid, part text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  clinic uuid := public.entered_clinic();
  person record;
  what text;
  done bigint;
BEGIN
  SELECT e.patient_id, e.user_id INTO person FROM public.erasures e
    WHERE e.clinic_id = clinic AND e.id = erasure_id
    AND e.confirmed_at IS NOT NULL AND e.erased_at IS NULL;
  IF NOT FOUND THEN RAISE EXCEPTION 'nobody confirmed this erasure, or it is over'; END IF;
  SELECT p.statement INTO STRICT what FROM erasure.parts p WHERE p.name = part;
  EXECUTE what USING clinic, person.patient_id, person.user_id;
  GET DIAGNOSTICS done = ROW_COUNT;
  RETURN done;
END $$"""


@dataclass(frozen=True)
class Part:
    """What becomes of a person's rows in one table.

    Attributes:
        table: its name.
        rows: which of its rows (`t`) are the person's: a condition on `$1` the clinic, `$2` the
            patient, `$3` their account.
        emptied: the columns that are emptied (`SET …`) where the rows stay; empty: they go.
        place: when its turn comes, ascending. What points at a row goes before it.
    """

    table: str
    rows: str
    place: int
    emptied: str = ""

    @property
    def statement(self) -> str:
        """The one statement."""
        which = f"WHERE t.clinic_id = $1 AND ({self.rows})"
        if self.emptied:
            return f"UPDATE public.{self.table} t SET {self.emptied} {which}"  # noqa: S608 - ours
        return f"DELETE FROM public.{self.table} t {which}"  # noqa: S608 - ours


def make_eraser(reads: tuple[str, ...]) -> None:
    """Make the schema `erasure` and its function, which erases one part of a patient whose erasure
    is confirmed, in the clinic that the transaction proved to enter, and nothing else.

    `reads`: tables that it looks into and does not change.
    """
    for statement in (
        "CREATE SCHEMA erasure",
        "CREATE TABLE erasure.parts (name text PRIMARY KEY, place integer NOT NULL,"
        " statement text NOT NULL)",
        "GRANT USAGE ON SCHEMA erasure TO interlude_app, interlude_eraser",
        "GRANT SELECT ON erasure.parts TO interlude_app, interlude_eraser",
        "SET LOCAL ROLE interlude_door",
        "GRANT EXECUTE ON FUNCTION public.entered_clinic() TO interlude_eraser",
        "RESET ROLE",
        ERASE,
        "REVOKE ALL ON FUNCTION erasure.erase(uuid, text) FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION erasure.erase(uuid, text) TO interlude_app",
        "GRANT CREATE ON SCHEMA erasure TO interlude_eraser",
        "ALTER FUNCTION erasure.erase(uuid, text) OWNER TO interlude_eraser",
        "REVOKE CREATE ON SCHEMA erasure FROM interlude_eraser",
        *(each for table in reads for each in _let_in(table, "SELECT")),
    ):
        op.execute(statement)


def drop_eraser(reads: tuple[str, ...]) -> None:
    """Take it back; every part is dropped before."""
    for statement in (
        *(each for table in reads for each in _shut_out(table, "SELECT")),
        "SET LOCAL ROLE interlude_door",
        "REVOKE EXECUTE ON FUNCTION public.entered_clinic() FROM interlude_eraser",
        "RESET ROLE",
        "DROP SCHEMA erasure CASCADE",
    ):
        op.execute(statement)


def erase_with(parts: tuple[Part, ...]) -> None:
    """Let the eraser take these tables' rows of a patient away, or empty them."""
    for part in parts:
        for statement in _let_in(part.table, _rights(part)):
            op.execute(statement)
        name, what = part.table, part.statement.replace("'", "''")
        op.execute(f"INSERT INTO erasure.parts VALUES ('{name}', {part.place}, '{what}')")  # noqa: S608 - ours


def erase_without(parts: tuple[Part, ...]) -> None:
    """Take that back."""
    for part in parts:
        op.execute(f"DELETE FROM erasure.parts WHERE name = '{part.table}'")  # noqa: S608 - ours
        for statement in _shut_out(part.table, _rights(part)):
            op.execute(statement)


def _rights(part: Part) -> str:
    return "SELECT, UPDATE" if part.emptied else "SELECT, DELETE"


def _let_in(table: str, rights: str) -> tuple[str, ...]:
    own = "(clinic_id = (SELECT public.entered_clinic()))"
    return (
        f"GRANT {rights} ON {table} TO interlude_eraser",
        f"CREATE POLICY erasure ON {table} TO interlude_eraser USING {own} WITH CHECK {own}",
    )


def _shut_out(table: str, rights: str) -> tuple[str, ...]:
    return (
        f"DROP POLICY erasure ON {table}",
        f"REVOKE {rights} ON {table} FROM interlude_eraser",
    )
