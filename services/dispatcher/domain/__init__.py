"""The dispatcher's rules, without I/O, clock, ids or randomness."""
