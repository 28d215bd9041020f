"""`modellock`, or `python -m modellock_core`: design, edit, lock, test, predict, attack."""

from __future__ import annotations

import sys

from .command_line.arguments import build_parser
from .errors import ModelLockError


def main(argv: list[str] | None = None) -> int:
    """Run a command; 0 if it worked, 2 on bad input."""
    try:
        args = build_parser().parse_args(argv)
        from .command_line import commands  # loads torch, which --help can do without

        getattr(commands, args.command)(args)
    except ModelLockError as error:
        print(f"modellock: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"modellock: {error.filename or 'a file'}: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
