"""What fills a hole: one adapter a file, arrays in, arrays out, all of them listed as data in `registry`.

No file, no page, no queue; a backend sees a window whose hole is blanked.
"""
