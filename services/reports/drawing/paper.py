"""A printed page: fpdf2 with the font of the pictures. Import it only where a page is made: it is
slow to load, and a worker that prints nothing needs none of it.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from fpdf import FPDF
from fpdf.enums import TextDirection, XPos, YPos
from fpdf.fonts import TTFFont
from fpdf.line_break import Fragment

from services.reports.drawing.paint import BOLD, FAMILY, REGULAR, Painting, font_file
from services.reports.drawing.scripts import fonts_for, runs_as_read

MARGIN: Final = 15.0  # mm, all round
WIDTH: Final = 210.0 - 2 * MARGIN
_LINE: Final = 4.6
_ROW: Final = 5.0
# What stands for a character that the font does not have.
UNKNOWN: Final = "?"
_INK: Final = 26
_SOFT: Final = 89


class Paper(FPDF):
    """A4, upright, in mm; every page begins with whose it is and from where (`whose`, `place`), and
    ends with its number and what the report rests on.
    """

    def __init__(
        self, title: str, foot: str, made_at: datetime | None, *, whose: str = "", place: str = ""
    ) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self._foot, self._whose, self._place = foot, whose, place
        self.lacks_glyphs = False
        self.set_title(title)
        self.set_creator("Interlude")
        self.set_lang("en")
        # The only clock of a report is its own: the same report is the same bytes.
        self.set_creation_date(made_at or datetime(1970, 1, 1, tzinfo=UTC))
        self.set_margin(MARGIN)
        self.set_auto_page_break(auto=True, margin=MARGIN + 4)
        self.add_font(FAMILY, "", font_file(REGULAR))
        self.add_font(FAMILY, "B", font_file(BOLD))
        self._known = _characters(self)
        self._taken: dict[str, str] = {}
        self.write_in(9)
        self.add_page()

    def header(self) -> None:
        """Called at the begin of each page: a leaf that comes apart still says whose it is."""
        if not self._whose:
            return
        self.write_in(11, bold=True)
        room = WIDTH - 50 if self._place else WIDTH
        self.cell(room, 5.5, self._fitting(self._whose, room))
        self.write_in(8.5, soft=True)
        self.cell(50, 5.5, self._fitting(self._place, 50), align="R", new_x=XPos.LMARGIN)
        self.ln(6)
        self.set_draw_color(181)
        self.line(MARGIN, self.get_y(), MARGIN + WIDTH, self.get_y())
        self.ln(2)

    def footer(self) -> None:
        """Called at the end of each page."""
        self.set_y(-MARGIN)
        self.write_in(7.5, soft=True)
        self.cell(WIDTH - 24, 4, self._foot)
        self.cell(24, 4, f"page {self.page_no()} of {{nb}}", align="R")

    def write_in(self, size: float, *, bold: bool = False, soft: bool = False) -> None:
        """The size in points and the weight of what is written next."""
        self.set_font(FAMILY, "B" if bold else "", size)
        self.set_text_color(_SOFT if soft else _INK)

    def printable(self, words: str) -> str:
        """The words with a mark where no font has a character; remembers that it was needed. Other
        scripts are written in the machine's own fonts, shaped and in their direction.
        """
        lacking = {c for c in words if ord(c) not in self._known}
        if lacking:
            self._take_fonts(fonts_for(lacking))
        shown = "".join(c if ord(c) in self._known else UNKNOWN for c in words)
        self.lacks_glyphs = self.lacks_glyphs or shown != words
        return shown

    def _take_fonts(self, files: Sequence[str]) -> None:
        for file in files:
            if file in self._taken:
                continue
            name = f"beside-{len(self._taken)}"
            self.add_font(name, "", file)
            self._taken[file] = name
            font = self.fonts[name]
            if isinstance(font, TTFFont):
                self._known |= frozenset(font.cmap)
        if files:
            self.set_fallback_fonts(list(self._taken.values()), exact_match=False)
            # A line is the paper's, whatever script its first word is in.
            self.set_text_shaping(True, direction="ltr")

    def _preload_bidirectional_text(self, text: str, markdown: bool) -> Sequence[Fragment]:
        """fpdf2's own, which leaves the parts of a line in the order in which they were typed."""
        if not self.text_shaping or self.str_alias_nb_pages in text:
            return super()._preload_bidirectional_text(text, markdown)
        self.text_shaping["paragraph_direction"] = TextDirection.LTR
        found: list[Fragment] = []
        for part, is_from_right in runs_as_read(text):
            way = TextDirection.RTL if is_from_right else TextDirection.LTR
            self.text_shaping["fragment_direction"] = way
            found.extend(self._preload_font_styles(part, markdown))
        return tuple(found)

    def line_of(
        self, words: str, size: float = 9, *, bold: bool = False, soft: bool = False
    ) -> None:
        """One paragraph over the whole width."""
        self.write_in(size, bold=bold, soft=soft)
        self.multi_cell(
            WIDTH,
            size * 0.5,
            self.printable(words),
            align="L",
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )

    def section(self, words: str, lines: int = 1) -> None:
        """A heading with a little room above, on a page that holds so many table lines below it."""
        if self.will_page_break(10 + _ROW * lines):
            self.add_page()
        self.ln(2.5)
        self.line_of(words, 11, bold=True)
        self.ln(0.8)

    def pairs(self, found: Sequence[tuple[str, str]], width: float = 34) -> None:
        """Names in a first column, what there is to say in a second."""
        for name, words in found:
            self.write_in(9, soft=True)
            self.cell(width, _LINE, name)
            self.write_in(9)
            self.multi_cell(
                WIDTH - width,
                _LINE,
                self.printable(words),
                align="L",
                new_x=XPos.LMARGIN,
                new_y=YPos.NEXT,
            )

    def rows(self, widths: Sequence[float], table: Sequence[Sequence[str]]) -> None:
        """A table of single lines; the first row is its heading."""
        self.set_draw_color(181)
        for place, row in enumerate(table):
            self.write_in(8, bold=place == 0)
            for width, words in zip(widths, row, strict=True):
                self.cell(width, _ROW, self._fitting(words, width), border="B")
            self.ln(_ROW)

    def picture(self, painting: Painting, x: float, width: float) -> float:
        """The drawing at the height of the pen, as lines and real text; returns its height."""
        height = width * painting.height / painting.width
        if self.will_page_break(height):
            self.add_page()
        drawing = io.BytesIO(painting.svg(named=False).encode())
        self.image(drawing, x=x, y=self.get_y(), w=width, alt_text=painting.description)
        return height

    def _fitting(self, words: str, width: float) -> str:
        shown = self.printable(words)
        if self.get_string_width(shown) <= width - 2:
            return shown
        while shown and self.get_string_width(f"{shown}…") > width - 2:
            shown = shown[:-1]
        return f"{shown.rstrip()}…"


def _characters(paper: FPDF) -> frozenset[int]:
    """The code points that every font of the page has."""
    known = [frozenset(font.cmap) for font in paper.fonts.values() if isinstance(font, TTFFont)]
    return frozenset.intersection(*known)
