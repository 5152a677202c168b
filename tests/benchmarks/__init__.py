"""What the NameServer costs and how fast it is, beside Java's, rocketmq-rust's and a plain echo.

`python -m benchmarks` (with `PYTHONPATH=tests`; `make bench`) measures all of it in one run. Every
server is pinned to one core and the load generator to another; all of them are asked in turns, and
targets are ratios within that run. A scenario is a module with a function `measure(lab)` that
yields `Sample`s; nothing is decided before all of them are there (`targets.py`).
"""
