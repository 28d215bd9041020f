"""What the page's buttons call: short functions between Gradio's values and the core's."""
