"""Real processes, killed and stopped at every transition of a run; invariants after each round."""
