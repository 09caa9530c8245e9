"""What is installed: the lock, its licences, its bill of materials, and what is known of it."""
