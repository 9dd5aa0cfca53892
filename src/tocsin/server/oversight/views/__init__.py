"""Pages of oversight, one module for each noun."""
