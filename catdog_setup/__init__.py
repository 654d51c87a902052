"""Installing the course, with nothing but Python's own library; ``run.py`` uses it.

These files must parse on Python 3.6, so that someone who has one is told what is wrong.
"""
