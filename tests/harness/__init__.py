"""Test clusters and real Java peers. Nothing here ships; README.md tells what it can do."""
