"""How fast the service is: `python -m benchmarks.<name>`, each on a database of its own."""
