"""Who may come in: users and their tenants, sessions and tokens, and the robots' API keys.

Owns the collections `users`, `tenants`, `sessions`, `api_keys`, and the counts of failed logins (Redis, or memory when
embedded). Publishes `user.logged_in`, `user.created`, `user.updated`, `user.deleted`, `tenant.created`,
`tenant.updated`, `session.revoked`, `api_key.created`, `api_key.rotated`, `api_key.revoked`. Consumes `robot.deleted`,
whose keys end, and its own `user.updated`, `user.deleted` and `tenant.updated`, so that what ends sessions ends them
also when the process died in between.

A user's document is the only truth about memberships and roles. Administrators of the tenant `default` are those of the
installation. Tenants are disabled, never deleted.
"""
