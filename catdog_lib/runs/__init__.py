"""Runs that are kept: a folder each, one training after the other, or many in a sweep."""
