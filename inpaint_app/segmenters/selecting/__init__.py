"""What the user points at: a click, a box or a scribble becomes an outline.

Works without any weights; a finder is handed in by who has one.
"""
