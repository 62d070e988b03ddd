"""Types of command-line arguments: what does not fit is said in a line, before anything starts."""

import argparse
import os

_UNITS = {'kb': 1 << 10, 'mb': 1 << 20, 'gb': 1 << 30}


def size(text):
    """Bytes, with Redis's units: 256mb."""
    number, unit = text[:-2], text[-2:].lower()
    try:
        count = int(float(number) * _UNITS[unit]) if unit in _UNITS else int(text)
    except ValueError:
        count = 0
    if count <= 0:
        raise argparse.ArgumentTypeError(f'{text!r} is no size, like 256mb')
    return count


def positive(kind):
    """A number above 0 of that kind, int or float."""
    def read(text):
        try:
            number = kind(text)
        except ValueError:
            number = 0
        if not number > 0:
            raise argparse.ArgumentTypeError(f'{text!r} is no number above 0')
        return number
    return read


def program(text):
    if not os.access(text, os.X_OK) or os.path.isdir(text):
        raise argparse.ArgumentTypeError(f'{text} is no program; scripts/run builds the server')
    return os.path.abspath(text)


def some_of(names):
    """A list of them, with commas."""
    def read(text):
        chosen = text.split(',')
        for name in chosen:
            if name not in names:
                raise argparse.ArgumentTypeError(f'{name!r} is none of {", ".join(names)}')
        return chosen
    return read
