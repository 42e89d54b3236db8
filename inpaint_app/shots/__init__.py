"""Several shots of one place: what is behind the removed, taken from where it is seen. Arrays only, no learning."""
