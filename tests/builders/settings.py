"""Settings as an environment gives them."""

from __future__ import annotations

from pathlib import Path

from api.settings import Settings

GOOD_KEY = "q7Zt-0Lx_4mVbR9cWj2KpYd8HsN5uEa3"


def settings(data_dir: Path, *, make_key: bool = True, **given: str) -> Settings:
    """What is read from a good key, this folder and what is given (without the prefix)."""
    environ = {"INTERLUDE_DATA_DIR": str(data_dir), "INTERLUDE_SECRET_KEY": GOOD_KEY}
    return Settings.from_environ(
        {**environ, **{f"INTERLUDE_{name}": value for name, value in given.items()}},
        make_key=make_key,
    )
