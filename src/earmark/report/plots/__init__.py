"""Plots: bars, curves and seeds, as inline SVG or files of their own."""
