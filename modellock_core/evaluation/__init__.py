"""What a locked model is worth: to its holder, and to a thief."""
