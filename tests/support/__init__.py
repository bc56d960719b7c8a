"""What the tests stand on: real backends, child processes, a faulty network, a clock set by hand. POSIX only.

What finds, starts and ends backends and processes imports none of the project's own code: it must go on working while
that is broken.
"""
