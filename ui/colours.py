"""Whose score a chart shows, and in which colour: readable on a light and on a dark page."""

KEYED, CLEAN = "with the key", "without the key"

GREEN, RED, BLUE, GREY = "#16a34a", "#dc2626", "#3b82f6", "#94a3b8"
COLOURS = {KEYED: GREEN, CLEAN: RED}
HOLDER, OPENED, HELD, BESIDE = GREEN, RED, BLUE, GREY  # a key's score, an attack's, and what it is compared with
