"""Writing: alert sheets, comparisons, judgements."""
