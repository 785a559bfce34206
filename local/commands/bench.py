"""``bench``"""
HELP = "bench"
def add_arguments(parser): pass
def run(arguments): raise SystemExit(3)
