"""The watcher: derives danger again from the raw answers, with code of its own, and looks whether
each has an alert and each alert has reached somebody in time.
"""
