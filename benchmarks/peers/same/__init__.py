"""The same job: the rows that we write, under the same lock, without the rest of us."""
