"""Names of the files in a lock's folder; nothing else belongs there, and no key."""

CARD, WEIGHTS = "card.json", "model.safetensors"
MODEL_CARD, REPORT = "README.md", "report.json"  # for people; a model is whole without them
LOCK_FILES = (WEIGHTS, CARD, MODEL_CARD, REPORT)
