"""A file of ours that is made once and then only read, such as a key."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def place_first(path: Path, content: str) -> None:
    """Write a line that this account alone may read (mode 0600), unless the file is there already.

    It appears complete or not at all, and of several processes that try the first one's stays.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(content + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, fails when somebody else was first.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
