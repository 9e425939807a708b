"""One attempt of a step in this process: inputs, the user's function, outputs, checks, hooks, how it ended."""
