"""The pictures of the reports and their printed pages, drawn from a document."""
