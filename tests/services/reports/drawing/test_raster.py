"""PNG with the font of a wheel, whatever the machine has."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from PIL import Image

from services.reports.drawing.paint import BOLD, FAMILY, REGULAR, Painting, font_file, font_files
from services.reports.drawing.raster import png

# Of Latin, its extensions, Greek and Cyrillic, and what the drawings use.
LETTERS = "Zoë Łódź Şğı Ñøß Ελ Жя Nguyễn – — · “ ” ≥ − 0123456789"


def drawn(words: str, *, bold: bool = False) -> bytes:
    painting = Painting(400, 40, "words")
    painting.text((4, 24), words, size=18, bold=bold)
    return png(painting.svg())


def ink(picture: bytes) -> int:
    """How many pixels are dark."""
    seen = Image.open(io.BytesIO(picture)).convert("L")
    return sum(seen.histogram()[:128])


def test_the_font_of_the_drawings_is_that_of_the_wheel():
    from fontTools.ttLib import TTFont

    for name in (REGULAR, BOLD):
        font = TTFont(font_file(name))
        assert font["name"].getDebugName(1) == FAMILY
        missing = [c for c in LETTERS if ord(c) not in font.getBestCmap()]
        assert missing == []


def test_words_are_drawn_without_a_font_of_the_machine():
    assert ink(drawn(LETTERS)) > 10 * ink(drawn("."))
    assert ink(drawn(LETTERS, bold=True)) > ink(drawn(LETTERS))


def test_without_the_wheel_nothing_else_stands_in(monkeypatch: pytest.MonkeyPatch):
    """Proof that fonts of the machine are not looked at: no file, no letters."""
    monkeypatch.setattr("services.reports.drawing.raster.font_files", list)
    assert ink(drawn(LETTERS)) == 0


def test_the_same_drawing_is_the_same_bytes():
    assert drawn("Pat") == drawn("Pat")


def test_what_is_no_drawing_is_refused():
    with pytest.raises(ValueError, match="no picture"):
        png("no picture")


def loaded_after(code: str) -> str:
    """Which of the drawing libraries a fresh process has loaded once it ran some code."""
    svg = Painting(40, 40, "empty").svg()
    listing = "; import sys; print(*[m for m in ('resvg_py', 'fpdf', 'PIL') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", f"SVG = {svg!r}; {code}{listing}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_worker_that_draws_nothing_loads_none_of_it():
    assert loaded_after("import services.reports.trend.renditions") == ""


def test_the_drawing_is_done_by_another_process():
    """In this one it would hold Python's lock, and stop every other request of the worker."""
    assert loaded_after("from services.reports.drawing.raster import png; png(SVG)") == ""


def test_both_weights_are_used():
    assert len(font_files()) == 2
