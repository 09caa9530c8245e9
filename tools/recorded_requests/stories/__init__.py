"""What happens in the recorded weeks: each story goes on at the instants that it names."""
