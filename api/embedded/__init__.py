"""The embedded PostgreSQL, for development, the demo and tests."""
