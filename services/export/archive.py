"""The zip: README.txt, data.json with everything, and a CSV file for each kind.

Rows go from the database into the file a few hundred at a time. Equal data give equal bytes: the
order is fixed, and so is the time that a zip writes beside each file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import IO, Any, Final
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import User
from services.export.contents import Contents
from services.export.kinds import KINDS, Kind, people_in
from services.export.readme import readme
from services.patients.record import unpack_emergency_contact
from services.reports.pictures.sheet import safe

# The first time that a zip can write.
NO_TIME: Final = (1980, 1, 1, 0, 0, 0)
FOR_THE_OWNER: Final = 0o600 << 16
AT_ONCE: Final = 200
Row = Mapping[str, Any]


def write_archive(file: IO[bytes], session: Session, contents: Contents) -> None:
    """Write the whole zip, in a transaction that sees one instant."""
    people: set[UUID] = set()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        with _member(archive, "README.txt") as member:
            member.write(readme(contents).encode())
        with _member(archive, "data.json") as member:
            _write_json(member, session, contents, people)
        for kind in KINDS:
            names = [column.name for column in kind.columns(for_staff=contents.for_staff)]
            with _member(archive, f"csv/{kind.name}.csv") as member:
                _write_csv(member, names, _rows(session, kind, contents))
        with _member(archive, "csv/people.csv") as member:
            _write_csv(member, ["id", "name", "roles"], _people(session, people))
        with _member(archive, "csv/questions.csv") as member:
            _write_csv(member, list(QUESTION), _questions(contents))


@contextmanager
def _member(archive: ZipFile, name: str) -> Iterator[IO[bytes]]:
    info = ZipInfo(name, NO_TIME)
    info.compress_type, info.external_attr = ZIP_DEFLATED, FOR_THE_OWNER
    with archive.open(info, "w") as member:
        yield member


def _rows(session: Session, kind: Kind, contents: Contents) -> Iterator[Row]:
    query = kind.rows(contents.whose, for_staff=contents.for_staff)
    found = session.execute(query, execution_options={"yield_per": AT_ONCE})
    for row in found.mappings():
        shown = {str(name): value for name, value in row.items()}
        if "emergency_contact" in shown:
            shown["emergency_contact"] = unpack_emergency_contact(shown["emergency_contact"])
        yield shown


def _write_json(member: IO[bytes], session: Session, contents: Contents, people: set[UUID]) -> None:
    """One object; each kind is a list in it. Whom of the staff it names is put into `people`."""
    head = {
        "export_id": contents.export_id,
        "patient_id": contents.whose.patient_id,
        "clinic": contents.clinic,
        "requested_at": contents.requested_at,
        "revision": contents.revision,
    }
    member.write(b'{"export": ' + _json(head))
    for kind in KINDS:
        named = list(people_in(kind))
        rows = _rows(session, kind, contents)
        _write_list(member, kind.name, _noting(rows, named, people))
    people.discard(contents.whose.user_id or UUID(int=0))
    _write_list(member, "people", _people(session, people))
    _write_list(member, "questions", _questions(contents))
    member.write(b"\n}\n")


def _write_list(member: IO[bytes], name: str, rows: Iterable[Row]) -> None:
    member.write(b',\n"' + name.encode() + b'": [')
    for number, row in enumerate(rows):
        member.write((b",\n  " if number else b"\n  ") + _json(row))
    member.write(b"]")


def _noting(rows: Iterable[Row], columns: list[str], people: set[UUID]) -> Iterator[Row]:
    for row in rows:
        for name in columns:
            found = row.get(name)
            people.update(found if isinstance(found, list) else [found] if found else [])
        yield row


def _people(session: Session, people: set[UUID]) -> Iterator[Row]:
    query = (
        select(User.id, User.name, User.roles).where(User.id.in_(sorted(people))).order_by(User.id)
    )
    yield from (dict(row) for row in session.execute(query).mappings())


QUESTION: Final = ("instrument", "version", "link_id", "question", "value", "label")


def _questions(contents: Contents) -> Iterator[Row]:
    """What the answers mean: a row for each answer that could be given."""
    for one in contents.instruments:
        for item in one.items:
            for option in item.options:
                cells = (one.code, one.version, item.link_id, item.text, option.value, option.label)
                yield dict(zip(QUESTION, cells, strict=True))


def _write_csv(member: IO[bytes], names: list[str], rows: Iterable[Row]) -> None:
    """As in RFC 4180, with the mark by which a spreadsheet knows UTF-8; no cell is a formula."""
    text = io.TextIOWrapper(member, "utf-8-sig", newline="", write_through=True)
    lines = csv.writer(text, lineterminator="\r\n")
    lines.writerow(names)
    lines.writerows([_cell(row.get(name)) for name in names] for row in rows)
    text.flush()
    text.detach()


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        return safe(_json(value).decode())
    return safe(value.isoformat() if isinstance(value, date) else value)


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)
