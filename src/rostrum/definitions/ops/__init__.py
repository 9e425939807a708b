"""Ops, graphs and jobs, and what goes with them: hooks, loggers, retries, executors."""
