"""What ends: a patient by an erasure, what is long over by itself."""
