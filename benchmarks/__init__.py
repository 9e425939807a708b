"""How fast Rostrum is, measured beside a peer in the same invocation. See `README.md` and `REPORT.md` here."""
