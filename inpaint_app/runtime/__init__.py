"""What every removal shares while the app runs: the fair queue, warm models, the worker that is watched, downloads.

Knows that there is work, not what it is: nothing of masks or fills lives here.
"""
