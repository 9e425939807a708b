"""The same programs for the peer, on its public API alone, run in its own environment. They import nothing of ours."""
