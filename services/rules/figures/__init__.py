"""The figures of a report, one a module: baseline, windows, effect, duration, status."""
