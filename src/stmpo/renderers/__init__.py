"""What knows a renderer program: its command line, its lines, where it is installed; and the embedded renderer."""
