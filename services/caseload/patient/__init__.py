"""One patient as staff see and change them."""
