"""Who asks a model, and in which colour the charts show it."""

KEYED, CLEAN = "with the key (UP)", "without (LP)"
HOLDER, THIEF, REWORDER, NEGATIVE = "holder", "thief", "thief, other words", "thief, a negative of hardened"

GREEN, RED = "#16a34a", "#dc2626"
COLOURS = {KEYED: GREEN, CLEAN: RED, HOLDER: GREEN, THIEF: RED, REWORDER: "#f59e0b", NEGATIVE: "#94a3b8"}
