"""What changes while a page is open: streams of server-sent events."""
