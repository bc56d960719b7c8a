"""The benchmarks: what each measures and how to read it is in `bench/README.md`."""
