"""A request → a result: what is marked, filled window by window, looked at, ranked, and written down as a recipe.

Knows backends and segmenters by their names only, no page, no server and no command line.
"""
