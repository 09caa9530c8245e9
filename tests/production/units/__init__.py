"""The units that ship, before a real systemd."""
