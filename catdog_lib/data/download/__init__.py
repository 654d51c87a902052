"""Photos that others have published: download them, check them, lay them out."""
