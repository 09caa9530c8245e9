"""PNG from SVG, with the font of a wheel: the same on every machine, whatever it has installed.

Drawn in a process of its own: resvg keeps Python's lock for its 100 ms, and in a web worker every
other request would stand still for so long, a check-in of somebody in danger among them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from services.reports.drawing.paint import FAMILY, font_files

# 1.5 px for each CSS px: 144 dpi, sharp on a screen and on paper up to half a page.
SCALE: Final = 1.5
TIMEOUT_S: Final = 30.0
_PROGRAM: Final = str(Path(__file__).parent / "rasterise.py")


def png(svg: str, scale: float = SCALE) -> bytes:
    """The picture as PNG, `scale` px for each of its own.

    Raises ValueError for what is no SVG, and TimeoutExpired after 30 s.
    """
    # Isolated: nothing of the environment or the folder decides what the child imports.
    command = [sys.executable, "-I", _PROGRAM, str(scale), FAMILY, *font_files()]
    done = subprocess.run(  # noqa: S603 -- our own program, no word of the request among its arguments
        command, input=svg.encode(), capture_output=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode != 0:
        raise ValueError("this is no picture that can be drawn")
    return done.stdout
