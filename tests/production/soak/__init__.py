"""Half of what the machine takes, for as long as it is given: does anything grow, or go wrong?"""
