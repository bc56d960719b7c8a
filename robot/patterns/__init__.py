"""Regular expressions of workflows, in a process that can be killed.

`re` backtracks: a pattern of a dozen characters may need longer than the universe has, holds the interpreter's lock all
the while, and cannot be interrupted from another thread. So patterns run in a small process of their own, one per job,
started at the first pattern, killed when one takes too long or the job ends.
"""

from robot.patterns.process import PatternProcess

__all__ = ["PatternProcess"]
