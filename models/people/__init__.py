"""People: clinics, accounts, patients and what lets them in."""
