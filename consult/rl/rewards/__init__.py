"""What a completion or a consultation is worth."""
