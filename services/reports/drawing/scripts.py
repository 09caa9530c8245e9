"""Fonts of the machine for what the font of the pictures lacks: names in other scripts. Nothing of
them is shipped; where one is absent, the paper says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final

# Debian's `fonts-noto-core`, `fonts-noto-cjk` and `fonts-dejavu-core`, by what they are best at.
FOLDERS: Final = ("/usr/share/fonts", "/usr/local/share/fonts", "/System/Library/Fonts")
FILES: Final = (
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "NotoSansBengali-Regular.ttf",
    "NotoSansTamil-Regular.ttf",
    "NotoSansArmenian-Regular.ttf",
    "NotoSansGeorgian-Regular.ttf",
    "NotoSansEthiopic-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "NotoSans-Regular.ttf",
    "DejaVuSans.ttf",
)


def fonts_for(characters: Iterable[str]) -> list[str]:
    """The files of installed fonts that together have as many of these characters as any do."""
    missing, found = {ord(one) for one in characters}, []
    for file in _installed():
        if not missing:
            break
        had = missing & _characters(file)
        if had:
            found.append(file)
            missing -= had
    return found


def runs_as_read(words: str) -> Iterator[tuple[str, bool]]:
    """(part, from right to left) in the order in which a line that begins at the left shows them:
    numbers among letters that run from right to left stand where these are read. Rule L2 of the
    Unicode bidirectional algorithm, for the parts; their letters are the font's to order.
    """
    from fpdf.bidi import BidiParagraph
    from fpdf.enums import TextDirection

    line = BidiParagraph(words, base_direction=TextDirection.LTR, preserve_bn_chars=True)
    aside: list[tuple[str, bool]] = []
    for level, run in groupby(line.characters, key=lambda each: each.embedding_level):
        part = "".join(each.character for each in run), level % 2 == 1
        if level:
            aside.insert(0, part)
            continue
        yield from aside
        aside = []
        yield part
    yield from aside


def _installed() -> Iterator[str]:
    return iter(_found())


@cache
def _found() -> tuple[str, ...]:
    known = {path.name: str(path) for folder in FOLDERS for path in _fonts_below(folder)}
    return tuple(known[name] for name in FILES if name in known)


def _fonts_below(folder: str) -> Iterator[Path]:
    wanted = set(FILES)
    return (path for path in Path(folder).rglob("*.tt[fc]") if path.name in wanted)


@cache
def _characters(file: str) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(file, fontNumber=0, lazy=True) as font:
        return frozenset(font.getBestCmap() or ())
