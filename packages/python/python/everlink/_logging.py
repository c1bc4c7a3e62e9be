"""What the Rust side logs goes to the logger `everlink` and its children.

The level is known to the Rust side, so that what is not wanted costs nothing. A change of the level
counts at the next `connect`, and within a second while anything comes; `refresh` makes it count at once.
"""

from __future__ import annotations

import atexit
import logging

from . import _everlink

logger = logging.getLogger("everlink")
"""The parent of every logger that the Rust side uses; their names are those of its modules."""


def start() -> None:
    """Starts to pass on what is logged, with the level that the logger has now."""
    _everlink.log_start(_emit, logger.getEffectiveLevel())


def refresh() -> None:
    """Makes a changed level count at once."""
    _everlink.log_level(logger.getEffectiveLevel())


def _emit(level: int, target: str, text: str, fields: dict[str, str]) -> None:
    child = logging.getLogger(target)
    if child.isEnabledFor(level):
        child.handle(
            child.makeRecord(
                child.name, level, "(everlink)", 0, text, (), None, None, {"everlink": fields}
            )
        )


atexit.register(_everlink.log_stop)
