"""The one error a command ends with: a line for the reader and an exit code for the shell."""
from __future__ import annotations

BAD_INPUT = 2
RUN_FAILED = 1


class CommandError(Exception):
    """A command cannot do what it was asked.

    Parameters
    ----------
    message : str
        What is wrong and where; folded into one line.
    exit_code : int
        ``BAD_INPUT`` when what was asked for cannot be used, ``RUN_FAILED`` when a run began and failed.
    details : str
        More than a line, shown only when it is asked for (``--debug``).
    """

    def __init__(self, message: str, exit_code: int = BAD_INPUT, details: str = "") -> None:
        super().__init__(one_line(message))
        self.exit_code = exit_code
        self.details = details


def one_line(text: str) -> str:
    """The text with every run of white space, line ends too, as one blank."""
    return " ".join(text.split())
