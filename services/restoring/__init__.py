"""After a backup was restored: what has to be done before anybody uses it, and the proof that it
was.
"""
