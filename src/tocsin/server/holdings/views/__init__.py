"""Pages of the holdings."""
