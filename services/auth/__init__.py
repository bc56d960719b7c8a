"""Who may come in, and who did what: users and their tenants, sessions and tokens, the robots' API keys, the audit.

Owns the collections `users`, `tenants`, `sessions`, `api_keys`, `audit_entries`, `audit_blocks`, `audit_anchors`, and
the counts of failed logins (Redis, or memory when embedded). Publishes `user.logged_in`, `user.created`,
`user.updated`, `user.deleted`, `tenant.created`, `tenant.updated`, `session.revoked`, `api_key.created`,
`api_key.rotated`, `api_key.revoked`. Consumes everybody's events, for the audit; `robot.deleted`, whose keys end; and
its own `user.updated`, `user.deleted` and `tenant.updated`, so that what ends sessions ends them also when the process
died in between.

A user's document is the only truth about memberships and roles. Administrators of the tenant `default` are those of the
installation. Tenants are disabled, never deleted.
"""
