"""Made-up people, entries, treatments and values that all tests are built from."""
