"""The contract of `interfaces/logs.py` as tests. Supply a fixture `logs`: an empty log store of your implementation."""
