"""Three database nodes: the archive has no hole, and they come back by the page's commands."""
