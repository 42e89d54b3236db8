"""What a network is trained for: the data it sees, its losses, one objective a file.

The loop that drives them is `lab/training`, which knows no network.
"""
