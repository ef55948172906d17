"""The command line. Each command is one module that reads its arguments, calls the package and prints.

`main.py` finds the command and loads only its module, so that each command starts as fast as it can.
`exit_codes.py` turns errors into exit codes. `bundle_options.py` holds the options that `bundle` and
`submit` share.
"""
