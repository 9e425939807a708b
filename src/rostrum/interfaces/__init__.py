"""Seams: every place where something can be swapped, one protocol family a file. Reading this folder is reading the
architecture.
"""
