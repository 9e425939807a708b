"""The contract of `interfaces/storage.py` as tests.

Subclass the classes of these modules in test modules of your own and supply two fixtures: `clock`, a
`rostrum.testing.clock.FakeClock`, and `storage`, an empty storage of your implementation whose time is that clock::

    class TestRuns(RunsConformance):
        pass
"""
