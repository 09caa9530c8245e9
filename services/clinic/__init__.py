"""A clinic: made, configured, and whom its alerts go to."""
