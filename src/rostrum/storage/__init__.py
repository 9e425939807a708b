"""Implementations of the storage seams: pick one."""
