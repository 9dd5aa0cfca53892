"""Instruments, uploads, and the measurements and encounters that come of them."""
