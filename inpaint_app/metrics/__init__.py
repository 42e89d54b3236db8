"""How good a fill is: with the truth (full_reference, structure, deep) and without (no_reference).

Arrays in, numbers out.
"""
