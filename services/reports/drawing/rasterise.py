"""SVG on standard input, PNG on standard output: run as a file of its own, see `raster`.

Arguments: zoom, font family, font files. Imports nothing of ours, so that it starts at once.
"""

from __future__ import annotations

import os
import sys

from resvg_py import svg_to_bytes


def main(arguments: list[str]) -> bytes:
    """Draw what comes in. Raises ValueError for what is no SVG."""
    # A picture can wait; an answer to somebody in danger cannot.
    os.nice(10)
    zoom, family, *fonts = arguments
    return svg_to_bytes(
        svg_string=sys.stdin.buffer.read().decode(),
        zoom=float(zoom),
        skip_system_fonts=True,
        font_files=fonts,
        font_family=family,
        sans_serif_family=family,
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(main(sys.argv[1:]))
