"""How commands speak to the server: calls and their repetition, the login, errors, and following a job."""
