"""Alerts that no answer opens: silence (N1) and a session that nothing followed (N2)."""
