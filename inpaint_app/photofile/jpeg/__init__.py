"""A JPEG edited in its coefficients: its file, its coder, and how both are checked.

Nothing outside `photofile` imports from here.
"""
