"""Writing the holdings: each change is one step and one leaf of the log."""
