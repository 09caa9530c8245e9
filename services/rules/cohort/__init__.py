"""How all patients of a clinic fared, beside the published figures."""
