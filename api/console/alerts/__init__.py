"""Alerts: the board, and one alert with its facts, its forms and its story."""

from __future__ import annotations

from api.console.alerts import actions, board, one  # noqa: F401 -- they add their routes
