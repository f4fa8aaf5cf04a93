"""What the chapters import: tables, widgets, charts, and the pages of the `article` and of the `question`."""

from . import article, charts, dates, question
from .data import check, load
from .faults import DataError, Fault
from .live import Live, edited
from .timeline import Timeline

__all__ = [
    "DataError",
    "Fault",
    "Live",
    "Timeline",
    "article",
    "charts",
    "check",
    "dates",
    "edited",
    "load",
    "question",
]
