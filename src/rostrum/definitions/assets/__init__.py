"""Assets: what they are made of, the decorators, and what comes out of them."""
