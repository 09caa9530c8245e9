"""What ends by itself after a time. Never a record of a patient: that ends by an erasure alone."""
