"""Robot Framework suites, run in a process and an environment of their own.

Its import package is called `robot`, like ours: both can never be installed together. So it has its own interpreter
(`make robotframework`), and `listener.py`, which is loaded there by its path, tells this process what happens.
"""
