"""Aerender's command line and output lines, shared by both stand-ins for it: the fake and the Lottie renderer."""
