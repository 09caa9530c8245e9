"""The sheet that a printed report begins with, and whose every page is."""

from __future__ import annotations

from datetime import date

import pytest
from pypdfium2 import PdfDocument

from services.reports.drawing.scripts import fonts_for
from services.reports.pictures.visit import visit_pdf
from services.reports.pictures.visit_sheet import OtherTreatment, Visit
from services.rules.session_day.vital_signs import SessionVitals
from tests.services.reports.pictures.drawn import bare, pages, report


def test_every_page_tells_whose_it_is_and_from_where():
    visit = Visit(clinic="North Clinic", born_on=date(1984, 3, 9))
    found = pages(report("phq9-daily", 400), name="Zoë Łuczak", mrn="A-17", visit=visit)
    assert len(found) > 2
    for number, page in enumerate(found, 1):
        head = " ".join(page.split())
        assert "Zoë Łuczak MRN A-17 born 9 Mar 1984" in head
        assert "North Clinic" in head
        assert f"page {number} of {len(found)}" in head


def test_the_sheet_comes_first_with_all_forms_and_what_stands_beside_them():
    found = report("phq9-daily", 120)
    last = found.sessions[-1]
    taken = [
        SessionVitals("v1", last.session.id, "pre", last.session.started_at, 148, 92),
        SessionVitals("v2", last.session.id, "discharge", last.session.started_at, 132, 84),
    ]
    others = [
        OtherTreatment("Sertraline 100 mg", date(2024, 1, 3)),
        OtherTreatment("Lithium", date(2023, 1, 3), date(2024, 1, 3)),
    ]
    forms = [found, report("phq9", 9), bare([], instrument="gad7")]
    visit = Visit("North Clinic", None, forms, taken, others, date(2026, 3, 3))
    first = " ".join(pages(found, visit=visit)[0].split())
    for part in (
        "Best, now, since",
        "Since the last visit",
        "PHQ-9, last 2 weeks",
        "148/92 before, 132/84 going home (no.",
        "Sertraline 100 mg (since 3 Jan 2024); Lithium (3 Jan 2023 to 3 Jan 2024)",
        "Item 9 from 1 on",
        "Answered",
    ):
        assert part in first
    bare_sheet = " ".join(pages(bare([("2026-03-01", 4)]), visit=Visit())[0].split())
    assert "none; that is no proof of safety" in bare_sheet
    assert bare_sheet.count("none entered") == 2


@pytest.mark.skipif(not fonts_for("نא"), reason="this machine has no font for them")
def test_names_in_other_scripts_are_written_where_the_machine_has_their_font():
    found = pages(report("phq9-daily", 0), name="نور Zoë אבי", mrn="B-2")
    text = " ".join(" ".join(found).split())
    assert "نور" in text
    assert "?" not in text.partition("MRN")[0]
    assert "the record has the full name" not in text


@pytest.mark.skipif(not fonts_for("נא"), reason="this machine has no font for them")
@pytest.mark.parametrize(
    ("mrn", "from_the_left"),
    [
        ("\u05ea-4", "4-\u05ea"),
        ("17-\u0645", "17-\u0645"),
        ("\u05ea 12 \u05d1 34 \u05d0", "\u05d034\u05d112\u05ea"),
        ("B-2", "B-2"),
    ],
)
def test_a_record_number_in_letters_from_right_to_left_is_read_as_it_was_entered(
    mrn: str, from_the_left: str
) -> None:
    """As it stands on the paper, from the left."""
    page = PdfDocument(visit_pdf(report("phq9-daily", 0), name="Zoë", mrn=mrn))[0].get_textpage()
    boxes = [(page.get_charbox(place), page.get_text_range(place, 1)) for place in range(60)]
    top = boxes[0][0][1]
    line = sorted((box[0], one) for box, one in boxes if abs(box[1] - top) < 8 and one.strip())
    shown = "".join(one for _, one in line).partition("MRN")[2]
    assert shown == from_the_left
