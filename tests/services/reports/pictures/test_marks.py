"""Every form of a report says of its instrument what it is not, and which way is better."""

from __future__ import annotations

import csv
import io

import pypdfium2
import pytest

from services.reports.drawing.words import NOT_THE_PHQ9, NOT_VALIDATED, validation_words
from services.reports.pictures.overlay import overlay_svg
from services.reports.pictures.sheet import trend_csv
from services.reports.pictures.trend_picture import trend_svg
from services.reports.pictures.visit import visit_pdf
from services.rules.instruments.definition import instrument, load_instruments
from tests.services.reports.pictures.drawn import bare, parsed, texts

SUMMED = [code for code in load_instruments() if not instrument(code).triage]


@pytest.mark.parametrize("code", SUMMED)
def test_what_is_not_validated_says_so_in_every_form(code):
    report = bare([("2026-03-01", 3)], instrument=code)
    mark, asked = validation_words(code), instrument(code)
    pages = pypdfium2.PdfDocument(visit_pdf(report))
    paper = " ".join(page.get_textpage().get_text_range() for page in pages).replace("\r\n", " ")
    drawn = [trend_svg(report), overlay_svg(report)]
    (row,) = csv.DictReader(io.StringIO(trend_csv(report)))

    assert bool(mark) is not asked.validated
    assert all((mark in texts(svg)) is bool(mark) for svg in drawn)
    assert all(mark in "".join(parsed(svg).itertext()) for svg in drawn)
    assert (NOT_VALIDATED in paper or NOT_THE_PHQ9 in paper) is bool(mark)
    assert (row["validated"], row["direction"]) == (str(asked.validated).lower(), asked.direction)
    assert (report.document["validated"], report.document["direction"]) == (
        asked.validated,
        asked.direction,
    )


@pytest.mark.parametrize(
    ("code", "way"), [("mood", "higher is better"), ("phq9", "lower is better")]
)
def test_an_axis_says_which_way_is_better(code, way):
    report = bare([("2026-03-01", 3)], instrument=code)

    for svg in (trend_svg(report), overlay_svg(report)):
        assert any(words.endswith(way) for words in texts(svg))
