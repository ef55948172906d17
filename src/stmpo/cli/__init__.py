"""The command line: thin. Parse, call, print; errors become exit codes in `main.py`."""
