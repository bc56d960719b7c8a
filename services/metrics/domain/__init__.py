"""Pure rules: what an event means to the figures, how rollups grow, what the fleet looks like."""
