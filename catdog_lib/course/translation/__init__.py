"""Translate the course: its catalogues are written here, and lessons and pages made from them."""
