"""What user code returns and logs, and what a run tells in `EventType`'s vocabulary."""
