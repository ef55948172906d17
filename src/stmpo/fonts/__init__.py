"""Fonts: what a font file is called, and where a system keeps its fonts. The standard library is enough for both."""
