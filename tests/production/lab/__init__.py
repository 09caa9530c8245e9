"""The real programs of production on this machine: started, stopped, killed and frozen."""
