"""How fast it is, as ratios measured alternately in one run: `python -m tests.benchmarks [NAME ...]`.

One file a benchmark. Nothing here is a test, and no test measures time: a busy machine would fail it.
"""
