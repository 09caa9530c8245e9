"""One patient on one page: what their chart, alerts and caseload have, in one read."""
