"""Pages on the log of changes: events, their proofs, checkpoints, co-signatures, export."""
