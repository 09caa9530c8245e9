"""What the alert page and the console share: session cookie, forms, log-in, refusals in words."""
