"""Prints `everlink/settings.py`, from the table that the Rust side uses; a test compares the two.

Run it after the table changed: `python tools/settings.py > python/everlink/settings.py`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from everlink._everlink import dialects, profiles, settings_table

HEAD = '''"""The settings, made by `tools/settings.py` from the table that the Rust side uses.

Times are seconds. A value of the wrong kind or out of range is told by `SettingsError`, with what is
accepted; a text such as `"1.5s"` is understood wherever the command line understands it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias, TypedDict
'''

KINDS = {
    "seconds": "float",
    "count": "int",
    "number": "float",
    "flag": "bool",
    "path": "str | os.PathLike[str]",
    "list": "Sequence[str]",
    "pairs": "Mapping[str, str]",
    "text": "str",
}


def literal(words: list[str] | tuple[str, ...]) -> str:
    """Writes a choice of words as a type."""
    quoted = ", ".join(f'"{word}"' for word in words)
    return f"Literal[{quoted}]"


def lines() -> Iterator[str]:
    """Yields the module."""
    yield HEAD
    yield f"Profile: TypeAlias = {wrapped(profiles())}"
    yield '"""A named set of defaults; every one can be overridden."""\n'
    yield f"Dialect: TypeAlias = {wrapped(dialects())}"
    yield '"""What the peer speaks."""\n\n'
    yield "class Settings(TypedDict, total=False):"
    yield '    """Every setting by its key; what is not given is the profile\'s."""\n'
    for name, kind, optional, doc, words in settings_table():
        of = literal(words) if kind == "word" else KINDS[kind]
        yield f"    {name}: {of}{' | None' if optional else ''}"
        text = " ".join(doc.replace("\\", "\\\\").split())
        body = textwrap.fill(f'"""{text}"""', 100, initial_indent="    ", subsequent_indent="    ")
        yield body + "\n"


def wrapped(words: list[str] | tuple[str, ...]) -> str:
    """Writes a choice of words on lines of their own."""
    return "Literal[\n" + "".join(f'    "{word}",\n' for word in words) + "]"


def module() -> str:
    """Returns the module's text."""
    return "\n".join(lines()).rstrip() + "\n"


if __name__ == "__main__":
    print(module(), end="")
