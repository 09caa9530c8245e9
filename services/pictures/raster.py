"""PNG from SVG, with the font of a wheel: the same on every machine, whatever it has installed."""

from __future__ import annotations

from services.pictures.fonts import font_files
from services.pictures.paint import FAMILY

# 1.5 px for each CSS px: 144 dpi, sharp on a screen and on paper up to half a page.
SCALE = 1.5


def png(svg: str, scale: float = SCALE) -> bytes:
    """The picture as PNG. Raises ValueError for what is no SVG."""
    # Not at the start of a worker: most requests draw nothing.
    from resvg_py import svg_to_bytes

    return svg_to_bytes(
        svg_string=svg,
        zoom=scale,
        skip_system_fonts=True,
        font_files=font_files(),
        font_family=FAMILY,
        sans_serif_family=FAMILY,
    )
