"""Writing oversight: each change is one transaction with one leaf of the log."""
