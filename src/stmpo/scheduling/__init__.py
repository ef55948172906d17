"""Rules that decide which slot renders which frames next: pure, without I/O and without a clock (see
`protocol.py`).
"""
