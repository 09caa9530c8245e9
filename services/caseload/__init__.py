"""What staff do with patients: enrol, look up, change, pause, discharge, and see who needs them.

Apart from ``services/patients``, on which accounts rest (an invitation enrols).
"""
