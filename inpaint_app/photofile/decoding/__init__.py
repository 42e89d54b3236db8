"""Bytes → samples, within bounds: what a header may ask for, and the process that decodes strangers' files.

Nothing here writes a file.
"""
