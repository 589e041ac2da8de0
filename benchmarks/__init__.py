"""What is measured, against whom, with one command: ``python -m benchmarks [NAME]``."""
