"""Captured output in files of the local disk."""
