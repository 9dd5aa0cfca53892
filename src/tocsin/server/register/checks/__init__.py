"""Checks of the data of the register, one file for each thing that they look at.

They look at the register as it is and know nothing of how its entries were made. What is usual is
told from the register itself, never from a list of sources; every threshold is a named choice.
"""
