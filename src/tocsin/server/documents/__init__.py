"""Documents and photographs that hang on a row."""
