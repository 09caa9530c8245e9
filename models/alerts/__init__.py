"""Alerts, what happened to them, and the pages about them."""
