"""Stores, password hashes, tokens and the counts of failed logins."""
