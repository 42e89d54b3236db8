"""Every file that the server holds for a visitor: taken in, named, stored, found again and deleted in time.

Nothing here opens a photo.
"""
