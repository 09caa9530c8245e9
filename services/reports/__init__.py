"""Reports: the trend of a patient, the outcomes of a clinic, and their pictures."""
