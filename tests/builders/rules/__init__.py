"""Made-up values for tests of pure rules: forms, sessions, readings and numbers."""
