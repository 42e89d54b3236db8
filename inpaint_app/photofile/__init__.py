"""A file ↔ `Photo`: reading, writing, formats, metadata, and what a file still shows besides its pixels.

Knows no mask but "these pixels changed", no backend and no model; imports types and errors only.
"""
