"""Small pictures that hide in a file: what could be one, and where the removed can still be seen."""
