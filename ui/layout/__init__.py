"""How the page looks and which button calls what: a file for each step. What the buttons do is in the files above."""
