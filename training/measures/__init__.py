"""The parts of measure_editor.py, each of which takes a Study and prints Markdown."""
