"""aerender's command line and output lines, for its two stand-ins: the fake and the embedded renderer."""
