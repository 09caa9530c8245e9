"""Between the network and the application: no thread waits for an unfinished request."""
