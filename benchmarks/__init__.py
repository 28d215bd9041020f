"""Speed, memory and robustness, measured: `python -m benchmarks.NAME`."""
