"""Who renders which frames next: pure rules, no I/O and no clock (`protocol.py` is the contract)."""
