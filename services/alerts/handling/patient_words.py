"""What the patient wrote themselves with the entries of an alert, crisis terms marked.

For whoever may act: a help request without its words, or "crisis terms in a note" without the note,
cannot be answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, null, select
from sqlalchemy.orm import Session

from models import CheckIn, CheckInContent, HelpRequest, SideEffectReport
from services.patients.history.check_ins import OF_ITS_CHECK_IN
from services.rules.danger.notes import marked

# A patient may send hundreds; each is in the lists of entries and of help requests as well.
ENTRIES_SHOWN: Final = 20


def show_words(
    session: Session, patient_id: UUID, entry_ids: Sequence[UUID]
) -> list[dict[str, Any]]:
    """`[{source, entry_id, at, text, parts}]` of the first 20 entries named, in their order.

    `source`: `help_request`, `note`, or `reason` (why it was amended).
    """
    order = {entry_id: place for place, entry_id in enumerate(entry_ids[:ENTRIES_SHOWN])}
    words = [
        each
        for table, query in _queries()
        for row in session.execute(query.where(table.patient_id == patient_id, table.id.in_(order)))
        for each in _words(row, "help_request" if table is HelpRequest else "note")
    ]
    return sorted(words, key=lambda each: order[each["entry_id"]])


def _queries() -> Iterator[tuple[Any, Any]]:
    forms, asked, reports, content = CheckIn, HelpRequest, SideEffectReport, CheckInContent
    no_reason = null().label("reason")
    yield (
        forms,
        select(forms.id, happened_at(forms.answered_at, forms), content.note, content.reason).join(
            content, OF_ITS_CHECK_IN
        ),
    )
    yield asked, select(asked.id, happened_at(asked.recorded_at, asked), asked.note, no_reason)
    yield (
        reports,
        select(reports.id, happened_at(reports.answered_at, reports), reports.note, reports.reason),
    )


def happened_at(stamp: Any, entry: Any) -> Any:
    """The column `at`. A phone's clock may be ahead of ours: nothing happened after it was
    received.
    """
    return func.least(stamp, entry.received_at).label("at")


def _words(row: Any, source: str) -> Iterator[dict[str, Any]]:
    for kind, text in ((source, row.note), ("reason", row.reason)):
        if text:
            yield {
                "source": kind,
                "entry_id": row.id,
                "at": row.at,
                "text": text,
                "parts": [{"text": part.text, "matched": part.matched} for part in marked(text)],
            }
