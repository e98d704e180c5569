"""Batches: find, outline, measure, rate and report over many studies, with a table and a page of what came of each.

`find_studies` says what there is, a `Crew` works, a `Batch` runs them and goes on where a run broke off. Knows no
command line.
"""

from agent.batch.crew import Crew, Processes, Threads
from agent.batch.found import Found, find_studies
from agent.batch.model import BatchError, BatchStopped, Options, Outcome, Study
from agent.batch.run import Batch, Progress, Result

__all__ = [
    "Batch", "BatchError", "BatchStopped", "Crew", "Found", "Options", "Outcome", "Processes", "Progress", "Result",
    "Study", "Threads", "find_studies",
]  # fmt: skip
