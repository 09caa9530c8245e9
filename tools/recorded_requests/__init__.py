"""A fixed set of requests over seven simulated weeks, and what the service answered, as one file.

    python -m tools.recorded_requests record FILE
    python -m tools.recorded_requests compare BEFORE AFTER

Two records of the same code are equal, byte for byte: ids are named by where they came first,
secrets are masked, and the clock of the process stands still between requests. Everything goes
through the public doors (HTTP, the command line, mail and webhooks received on loopback); only at
the end a few tables are read as they are.
"""
