"""Who may come in: users, their sessions and tokens, and the robots' API keys.

Owns the collections `users`, `sessions`, `api_keys`, and the counts of failed logins (Redis, or memory when embedded).
Publishes `user.logged_in`, `session.revoked`, `api_key.created`, `api_key.revoked`. Consumes nothing.
"""
