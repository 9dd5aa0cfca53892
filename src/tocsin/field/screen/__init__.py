"""The screen on the device: a small server on the loopback address, and the page that it shows."""
