"""The report of a run: one self-contained HTML file with inline SVG charts, made from the results folder alone."""
