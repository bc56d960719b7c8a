"""The REST API as a table that people can read: one row per endpoint, in `rows/`. `docs/api-coverage.md` prints it."""
