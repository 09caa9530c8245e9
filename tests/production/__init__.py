"""`make prove-production`: what production promises, with the real programs of an operator."""
