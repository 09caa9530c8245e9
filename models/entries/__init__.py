"""What phones send: check-ins, help requests, side effects, and what was refused."""
