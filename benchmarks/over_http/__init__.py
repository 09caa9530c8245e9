"""The service as it ships, over HTTP, beside what a user would write instead."""
