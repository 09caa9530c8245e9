"""Pictures and paper of reports: SVG drawn here; PNG, PDF and CSV made from the same figures.

Pure: a document goes in, text or bytes come out. Knows no tables, no web and no clock, and a
patient's name only when it is handed over to be printed.
"""
