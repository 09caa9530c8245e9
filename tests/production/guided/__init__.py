"""The operator's pages, followed: what the guide promises of its machine, and what a night asks."""
