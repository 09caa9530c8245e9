"""The font of pictures and paper: Source Sans Pro (SIL Open Font License), from its wheel.

It has Latin with all its extensions, Greek, Cyrillic and Vietnamese; no font of the machine is
ever used, so that a report looks the same everywhere.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

REGULAR, BOLD = "SourceSansPro-Regular.ttf", "SourceSansPro-Bold.ttf"


def font_file(name: str) -> str:
    """Where the wheel keeps a font."""
    return str(files("font_source_sans_pro") / "files" / name)


@cache
def _both() -> tuple[str, str]:
    return font_file(REGULAR), font_file(BOLD)


def font_files() -> list[str]:
    """Both weights that the pictures use."""
    return list(_both())
