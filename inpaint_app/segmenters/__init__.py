"""What finds objects in a photo: one adapter a file, listed as data in `registry`.

Arrays in, instances out; nothing here decides what goes.
"""
