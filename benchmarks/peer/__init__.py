"""The same programs for the peer, on its public API alone. They run in its own environment and import nothing of Rostrum."""
