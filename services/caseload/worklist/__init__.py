"""The caseload: who needs somebody first, and why."""
