"""The server: what a State's people work in. One Django app for each noun."""
