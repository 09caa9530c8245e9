"""The web application, for a WSGI server and for `flask --app wsgi`."""

from __future__ import annotations

import gc
import os

from api import create_app
from api.http.hold import DelayedAnswers
from api.settings import Settings

settings = Settings.from_environ(os.environ)
app = create_app(settings)
# Half of the threads at most wait until a refused log-in may be answered.
app.wsgi_app = DelayedAnswers(app.wsgi_app, settings.api_threads // 2)  # type: ignore[method-assign]
# What was loaded stays loaded: garbage collection in a long request need not walk it each time.
gc.collect()
gc.freeze()
