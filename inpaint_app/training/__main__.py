"""`python -m inpaint_app.training RECIPE --data … --out …`: the command `train` without the rest of the app."""

import argparse
import sys

from inpaint_app.training.command import add_arguments, run

parser = argparse.ArgumentParser(prog="inpaint-app train", description="Train one of the networks.")
add_arguments(parser)

if __name__ == "__main__":
    sys.exit(run(parser.parse_args()))
