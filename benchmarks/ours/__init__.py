"""Measured programs of Rostrum: each runs in a process of its own and prints its figures as one JSON line."""
