"""Reports that may be a little older are read from a standby, when one is set and near enough."""
