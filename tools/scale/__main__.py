"""Print what machines hold: `python -m tools.scale [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tools.scale.figures import FILE, load
from tools.scale.limits import Load
from tools.scale.page import page
from tools.scale.picture import picture

DOCS: Final = Path(__file__).parents[2] / "docs"


def main(arguments: Sequence[str], docs: Path = DOCS, figures: Path = FILE) -> int:
    """Write page and picture, or with `--check` say which is stale."""
    made = printed(figures)
    if "--check" not in arguments:
        for name, text in made.items():
            (docs / name).write_text(text, encoding="utf-8")
        return 0
    stale = [name for name, text in made.items() if not _is(docs / name, text)]
    if stale:
        sys.stderr.write(f"{' and '.join(stale)}: stale; run `python -m tools.scale`\n")
    return int(bool(stale))


def printed(figures: Path) -> Mapping[str, str]:
    """Each file's name and text."""
    found = load(figures)
    return {"scale.md": page(found), "scale.svg": picture(Load(found))}


def _is(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
