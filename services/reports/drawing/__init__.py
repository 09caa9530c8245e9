"""Pens and paper: SVG, scales, marks, PNG and PDF. Knows no report."""
