"""The embedded renderer: Lottie files behind aerender's command line."""
