"""Wrong answers that every bank has."""


def no_return(*_):
    """Give nothing back, whatever the arguments."""
