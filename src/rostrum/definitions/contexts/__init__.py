"""What user code gets to see while it runs."""
