"""Pure rules of schedules: which expressions are valid, when they are due, what to do about missed runs."""
