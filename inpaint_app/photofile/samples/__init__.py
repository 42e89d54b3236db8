"""What a file's samples mean: depth, colour space, palette, opacity, orientation, and the way to 8-bit RGB and back."""
