"""How well the rules do: simulated patients, shadow runs, played forms."""
