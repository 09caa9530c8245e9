"""The toy job: four tables, and no more than a form, a sum and an alert."""
