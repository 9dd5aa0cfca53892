"""Ways out: what leaves for others while an operation lasts, agreed by two persons."""
