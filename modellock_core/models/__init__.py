"""What is finetuned: a pretrained backbone, and the task that it is to do."""
