"""The web application: `front` for an ASGI server, `app` for `flask --app wsgi`."""

from __future__ import annotations

import gc
import os

from api import create_app
from api.front.front import Front
from api.settings import Settings

settings = Settings.from_environ(os.environ)
app = create_app(settings)
front = Front(app, settings)
# What was loaded stays loaded: garbage collection in a long request need not walk it each time.
gc.collect()
gc.freeze()
