"""One node whose processes are killed, several a second, while patients answer."""
