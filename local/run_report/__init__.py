"""The report of a run: one HTML file that needs nothing else, made from the results folder alone. Its charts are drawn by uPlot
(MIT, 51 KB, `assets/uplot/` with its licence), whose code the page carries."""
