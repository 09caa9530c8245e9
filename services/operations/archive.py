"""Does the write-ahead log leave the machine? Asked of PostgreSQL's own view of its archiver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.unit_of_work import transaction

# Files leave after 60 s (`archive_timeout`); the first one after a restore with the checkpoint that
# is due (`checkpoint_timeout`, 15 min).
ARCHIVED_WITHIN_S: Final = 1800.0
# A failed file is tried again each minute at least, and nothing after it leaves before it has:
# the last failure is newer than the last success all the while, and only then.
_ASKED: Final = text("""
SELECT current_setting('archive_mode') <> 'off' AS is_on,
  COALESCE(last_failed_time > last_archived_time, last_failed_time IS NOT NULL) AS is_failing,
  CAST(extract(epoch FROM clock_timestamp()
    - COALESCE(last_archived_time, pg_postmaster_start_time())) AS float) AS age_s
FROM pg_stat_archiver
""")


@dataclass(frozen=True, slots=True)
class WalArchive:
    """How the archive of the write-ahead log stands.

    `is_on`: there is one (`archive_mode`). `is_failing`: its last attempt failed. `age_s`: how long
    ago it got its newest file, in seconds, or the server started; what was acknowledged since is
    lost with the machine's disk.
    """

    is_on: bool
    is_failing: bool
    age_s: float

    @property
    def is_late(self) -> bool:
        """Is there one, and does too little arrive there?"""
        return self.is_on and (self.is_failing or self.age_s > ARCHIVED_WITHIN_S)


def archive() -> WalArchive:
    """Asked of the primary, now."""
    with transaction() as session:
        return archive_seen_by(session)


def archive_seen_by(session: Session) -> WalArchive:
    """Asked by whoever it is: every role may read it."""
    row = session.execute(_ASKED).one()
    return WalArchive(row.is_on, row.is_failing, max(0.0, row.age_s))
