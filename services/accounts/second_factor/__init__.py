"""What staff are asked besides their password; patients have no second factor, and are asked none.

An account's factors are the rows that it has: whoever enrolled one is asked for it, whatever the
clinic's policy says later.
"""
