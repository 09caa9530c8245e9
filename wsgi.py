"""The web application, for a WSGI server and for `flask --app wsgi`."""

from __future__ import annotations

import gc
import os

from api import create_app
from api.settings import Settings

app = create_app(Settings.from_environ(os.environ))
# What was loaded stays loaded: garbage collection in a long request need not walk it each time.
gc.collect()
gc.freeze()
