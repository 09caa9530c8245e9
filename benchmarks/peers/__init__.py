"""What a user would write instead, served by `make bench` from an environment of its own."""
