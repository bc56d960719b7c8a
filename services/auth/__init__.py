"""Who may come in, and who did what: users, their sessions and tokens, the robots' API keys, and the audit.

Owns the collections `users`, `sessions`, `api_keys`, `audit_entries`, `audit_blocks`, `audit_anchors`, and the
counts of failed logins (Redis, or memory when embedded). Publishes `user.logged_in`, `session.revoked`,
`api_key.created`, `api_key.revoked`. Consumes everybody's events, for the audit.
"""
