"""Taking in what phones and staff send: exactly once, decided, stored, paged."""
