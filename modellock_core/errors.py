"""The one error that users are meant to read: it names the cause and the mend."""


class ModelLockError(ValueError):
    """Bad input. The app shows its message, the command line prints it as one line and exits with 2."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether Python, or torch on any device, could not get the memory that it asked for."""
    if isinstance(error, MemoryError):
        return True
    from accelerate.utils.memory import should_reduce_batch_size  # loads torch, which reading arguments does without

    return isinstance(error, Exception) and bool(should_reduce_batch_size(error))


def first_line(error: BaseException) -> str:
    """What a library's error says, for the message of a `ModelLockError`; its kind where it says nothing."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
