"""Use a backbone that was trained elsewhere: its features, a classifier on them, and fast
prediction.
"""
