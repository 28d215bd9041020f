"""`modellock`, or `python -m modellock_core`: design, edit, lock, test, predict, attack."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from types import FrameType
from typing import NoReturn

from .command_line.arguments import build_parser
from .errors import ModelLockError, is_out_of_memory
from .threads import bound_threads

# one line says what is wrong; what the libraries say of it besides is noise
QUIET = {"DIFFUSERS_VERBOSITY": "critical", "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_VERBOSITY": "error"}


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0 if it worked, 2 on bad input."""
    bound_threads()
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore", category=FutureWarning)  # the libraries' to those who call them
    warnings.filterwarnings("ignore", module=r"PIL\.Image")  # of large images, which the core refuses in one line
    try:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _end)
        args = build_parser().parse_args(argv)
        from .command_line import commands  # loads torch, which --help can do without
        from .devices import accelerator

        accelerator()  # refuses a precision that this machine can't train in before there is any work to lose
        getattr(commands, args.command.replace("-", "_"))(args)
    except ModelLockError as error:
        _tell(str(error))
        return 2
    except BrokenPipeError:  # whoever reads the results has seen enough, as `head` has
        _discard_stdout()
        return 141  # as of a process that SIGPIPE has ended
    except OSError as error:
        _tell(f"{error.filename or 'a file'}: {error.strerror or error}")
        return 2
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        _tell("there is not enough memory; give fewer or smaller images")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _tell(text: str) -> None:
    """Print an error as one line; names from elsewhere may hold line ends, and characters that command terminals."""
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(text.split()))
    print(f"modellock: {line}", file=sys.stderr)


def _discard_stdout() -> None:
    """Have what is still to be written go nowhere, or Python would complain of it at its end."""
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def _end(signum: int, frame: FrameType | None) -> NoReturn:
    """Leave in order, so that temporary files are removed."""
    raise SystemExit(128 + signum)


if __name__ == "__main__":
    sys.exit(main())
