"""Suites that every implementation of a seam runs, ours and yours: one class a concern, subclassed by a test module."""
