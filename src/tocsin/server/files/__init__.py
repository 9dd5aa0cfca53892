"""Files by the hash of their content, encrypted, and what they are called."""
