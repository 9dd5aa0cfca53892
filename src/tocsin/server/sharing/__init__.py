"""Pages on who sees what: agreements, compartments, releases, and why a row is open or closed."""
