"""Asset checks: the decorators, and checks that are built."""
