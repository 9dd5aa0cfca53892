"""Pages on people: invitations, roles, organisations, powers, tokens."""
