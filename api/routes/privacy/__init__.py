"""A patient's rights: their data in their hands, and gone."""
