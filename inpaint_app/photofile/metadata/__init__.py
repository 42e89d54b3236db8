"""What a file says beside its pixels: read, cleaned of what could show the removed, carried over, written.

No pixel of the photo is changed here.
"""
