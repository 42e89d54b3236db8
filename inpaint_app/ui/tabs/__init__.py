"""The page's other tabs, one module each: batch, evaluate, models, help, and "Test on this photo".

Components and their handlers only; what they do lives below.
"""
