"""The rules of credentials: users, sessions, lockout, API keys. No I/O, time or chance of their own."""
