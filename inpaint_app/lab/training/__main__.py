"""`python -m inpaint_app.lab.training RECIPE --data … --out …`: the command `train` without the rest of the app."""

import argparse
import os
import sys

from inpaint_app.lab.training.command import add_arguments, run
from inpaint_app.settings import Settings

parser = argparse.ArgumentParser(prog="inpaint-app train", description="Train one of the networks.")
add_arguments(parser)


def leave(code: int) -> None:
    """End this process; one of several does so without the interpreter's clean-up.

    All is saved by then, and gloo's threads can abort that clean-up ("terminate called without an active
    exception"), which would make a launcher report a finished training as failed.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    leave(run(parser.parse_args(), Settings.from_environment()))
