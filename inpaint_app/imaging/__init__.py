"""Arrays only: masks, holes that share a window, windows, and the one place where a fill meets the photo.

No file, no learning.
"""
