"""What finds mean to one another: what belongs to a person or a car, what casts a shadow, whom the photo is about.

From photo and outlines alone; nothing here looks for things itself.
"""
