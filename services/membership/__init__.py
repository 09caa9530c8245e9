"""Joining and leaving a clinic: what touches accounts, patients and alerts at once."""
