"""The administrator's pages: staff, whom an alert pages, settings, the card, the trail, health."""
