"""`modellock`, or `python -m modellock_core`: design, edit, lock, test, predict, attack."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

from .command_line.arguments import build_parser
from .errors import ModelLockError
from .threads import bound_threads

# one line says what is wrong; what the libraries say of it besides is noise
QUIET = {"DIFFUSERS_VERBOSITY": "error", "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_VERBOSITY": "error"}


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0 if it worked, 2 on bad input."""
    bound_threads()
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _end)
        args = build_parser().parse_args(argv)
        from .command_line import commands  # loads torch, which --help can do without

        getattr(commands, args.command.replace("-", "_"))(args)
    except ModelLockError as error:
        print(f"modellock: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"modellock: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 2
    except MemoryError:
        print("modellock: there is not enough memory; give fewer or smaller images", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _end(signum: int, frame: FrameType | None) -> NoReturn:
    """Leave in order, so that temporary files are removed."""
    raise SystemExit(128 + signum)


if __name__ == "__main__":
    sys.exit(main())
