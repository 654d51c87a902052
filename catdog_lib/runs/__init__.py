"""Training runs that are kept, a folder each: one after the other, or many in a sweep."""
