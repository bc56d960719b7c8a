"""Words every service shares: time, ids, identities, permissions and errors. No I/O."""
