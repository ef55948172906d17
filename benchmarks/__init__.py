"""What the documentation claims in numbers, measured: `python -m benchmarks [NAME…]`. See `__main__`."""
