"""A disk of the lab: a file system in a file, of a size that can be filled. Needs root."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from api.embedded.account import ServerAccount

BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """ext4 in `image`, mounted at `at`, which belongs to an account."""

    image: Path
    at: Path
    megabytes: int
    account: ServerAccount

    def mount(self) -> None:
        """Make it and mount it; raises ``CalledProcessError`` where that is not allowed."""
        with self.image.open("wb") as image:
            image.truncate(self.megabytes * BLOCK)
        # Nothing is kept back for root: full is full.
        _run("mkfs.ext4", "-q", "-m", "0", str(self.image))
        self.at.mkdir(exist_ok=True)
        _run("mount", "-o", "loop", str(self.image), str(self.at))
        self.account.own(self.at)

    def unmount(self) -> None:
        """Take it away, also while somebody still looks at it."""
        if os.path.ismount(self.at):
            _run("umount", "--lazy", str(self.at))

    def fill(self) -> None:
        """Leave no block free: most are taken at once, the last ones written."""
        with self._filler.open("ab", buffering=0) as filler:
            with suppress(OSError):  # others write, too
                free = os.statvfs(self.at)
                os.posix_fallocate(filler.fileno(), 0, free.f_bavail * free.f_frsize - 64 * BLOCK)
            for size in (BLOCK, 1 << 12):
                try:
                    while filler.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue

    def relieve(self) -> None:
        """Room again."""
        self._filler.unlink(missing_ok=True)

    @property
    def _filler(self) -> Path:
        return self.at / "filler"


def _run(*words: str) -> None:
    subprocess.run(list(words), check=True, capture_output=True)
