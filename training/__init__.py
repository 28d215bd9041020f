"""How assets/ was made: `python -m training.NAME`."""
