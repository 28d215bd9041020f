"""The command line: `modellock` or `python -m modellock_core`. Progress goes to stderr, results to stdout as JSON."""
