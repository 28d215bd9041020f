"""The one error that users are meant to read: it names the cause and the mend."""


class ModelLockError(ValueError):
    """Bad input. The app shows its message, the command line prints it as one line and exits with 2."""
