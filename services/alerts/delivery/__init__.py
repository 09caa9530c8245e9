"""How a page reaches a human: the outbox, the worker, escalation, the morning mail."""
