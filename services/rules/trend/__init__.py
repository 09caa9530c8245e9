"""The trend report of one patient: its figures together, its document, its difference."""
