"""The one status row that every clinical write locks first: a cache that equals a recompute."""
