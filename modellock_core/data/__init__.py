"""Images with labels or masks: `sources.load_dataset` finds them by name, `dataset.Dataset` is what travels."""
