"""The life of an alert: its states, what moves them, and when somebody is there."""
