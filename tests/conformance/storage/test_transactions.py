from __future__ import annotations

from rostrum.testing.conformance.storage.transactions import ConcurrencyConformance, TransactionsConformance


class TestConcurrency(ConcurrencyConformance):
    pass


class TestTransactions(TransactionsConformance):
    pass
