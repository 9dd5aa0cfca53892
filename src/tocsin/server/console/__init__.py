"""Home page, search and what belongs to no noun."""
