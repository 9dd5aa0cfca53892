"""How the server itself is: for those who run it and those who audit it."""
