"""Reminding patients of what is due, by what their devices subscribed to. Never in a page's way: in
a process of its own, with the rights of the application in one clinic at a time.
"""
