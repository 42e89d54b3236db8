"""Networks, one paper a file, and how their weights are found, verified and loaded.

Tensors live here, in backends and in the lab; no image file, no option of a user's.
"""
