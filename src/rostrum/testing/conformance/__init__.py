"""Suites that every implementation of a seam runs, ours and yours: one class a concern, to be subclassed in a test module."""
