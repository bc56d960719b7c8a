"""Why a start was refused."""


class StartError(Exception):
    """The process cannot start; the message is one line that says what to do. Exit code 2."""
