"""The auth service over HTTP: parse, use case, schema."""
