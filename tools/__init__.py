"""Development only: the supervisor of `make run`, the local mailbox, parts of the gate."""
