"""PNG, TIFF and GIF as parts: chunks, directories, packets, read and put together again without decoding."""
