"""What was found compared with what was lost."""
