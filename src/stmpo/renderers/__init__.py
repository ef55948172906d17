"""Renderer programs: command line, output lines, where they are installed; the embedded renderer."""
