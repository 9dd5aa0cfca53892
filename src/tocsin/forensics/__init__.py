"""Room ``forensics``: what found material is, how old it is, where it may come from."""
