"""The append-only transparency log: one leaf for each change, in the same transaction."""
