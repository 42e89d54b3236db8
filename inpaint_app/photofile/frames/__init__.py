"""Files of several pictures: one of them is edited, all others stay as they were.

`choose.py` reads the wanted frame or page; `plan.py` says which frames of an animation have to be written anew so that
every other one is seen as before; `gif.py`, `apng.py`, `webp.py` and `pages.py` write.
"""
