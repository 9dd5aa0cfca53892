"""Starting the server: keys, certificate, database, first administrator, processes."""
