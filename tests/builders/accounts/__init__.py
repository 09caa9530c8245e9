"""What somebody logs in with."""
