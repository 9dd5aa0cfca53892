"""A fictional State in the realm EXERCISE, for demonstrations, training and tests."""
