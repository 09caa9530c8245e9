"""A forgotten password: a code by mail, and a new one for whoever can read that mail.

The API writes down that somebody asked, and never looks an address up; the worker finds out whose
it is, makes the code and queues the letter that carries it, which is delivered like any other
notification. So a stranger learns nothing, not by the time it takes either.
"""
