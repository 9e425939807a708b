"""Partitions: definitions, mappings, and what a run knows of its partitions."""
