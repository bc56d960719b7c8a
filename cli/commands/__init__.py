"""The commands, one module per group. Each parses, calls the API or a process's main, and prints."""
