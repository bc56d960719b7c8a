"""The `casare` command, and the composition of services into processes."""
