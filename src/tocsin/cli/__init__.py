"""The ``tocsin`` command: one file for each subcommand."""
