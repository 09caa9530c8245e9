"""The trend report: what the rules make of a patient's check-ins, as of a data cut."""
