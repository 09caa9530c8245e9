"""Alerts: opened with the entry that caused them, delivered, handled by people."""
