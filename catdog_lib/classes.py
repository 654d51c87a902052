"""The two classes and the words that people use for them."""

CLASSES = ("cat", "dog")  # a label is a position in this tuple: 0 cat, 1 dog


def label_from_word(word: str) -> int | None:
    """Return the label that a word names, or None.

    "Cats", "dog" and "DOGS" are all understood.
    """
    word = word.strip().lower()
    for label, name in enumerate(CLASSES):
        if word in (name, name + "s"):
            return label
    return None
