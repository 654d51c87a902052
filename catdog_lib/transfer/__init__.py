"""Use a pretrained backbone: its features, a classifier on them, and fast prediction."""
