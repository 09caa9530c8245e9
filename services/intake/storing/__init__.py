"""What an entry writes: itself, its decisions, alerts, the status row, the first answer."""
