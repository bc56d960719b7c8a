"""How jobs and their results are shown to people."""
