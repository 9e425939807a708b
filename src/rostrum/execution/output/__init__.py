"""What user code writes: captured, told apart by step, logged, secrets covered."""
