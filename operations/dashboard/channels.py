"""How a command reaches the algorithm: as LEAN takes it. A file in the folder where a launcher runs, or ``lean live
command`` for a container."""
from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from operations.commands import answer_place, hand_over_by_lean, hand_over_file, withdrawn
from operations.errors import OperationsError


class Channel(Protocol):
    """One way to the algorithm."""

    def send(self, words: dict[str, Any]) -> None:
        """Hand over one command, once; its ``reference`` is its id.

        Raises
        ------
        OperationsError
            It was certainly not handed over.
        """
        ...

    def withdraw(self, reference: str) -> bool:
        """Take back what LEAN has not taken; False where it has, or that cannot be known."""
        ...

    def tidy(self, reference: str) -> None:
        """The command was answered: what the way left behind is taken away."""
        ...


class CommandFolder:
    """The folder in which LEAN's process runs: it takes commands from there, and answers beside.

    Parameters
    ----------
    folder : Path
        It must be there.

    Raises
    ------
    OperationsError
        It is not.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise OperationsError(f"{folder} is no folder: name the one LEAN's process runs in")
        self._folder = folder

    def send(self, words: dict[str, Any]) -> None:
        """See :class:`Channel`."""
        hand_over_file(self._folder, words["reference"], words)

    def withdraw(self, reference: str) -> bool:
        """See :class:`Channel`."""
        return withdrawn(self._folder, reference)

    def tidy(self, reference: str) -> None:
        """Take LEAN's own answer away: the algorithm's is published."""
        answer_place(self._folder, reference).unlink(missing_ok=True)


class LeanCommand:
    """``lean live command`` for a project that runs in a container.

    Parameters
    ----------
    project : Path
        The project's folder.
    """

    def __init__(self, project: Path) -> None:
        self._project = project

    def send(self, words: dict[str, Any]) -> None:
        """What may have been handed over is shown until it is answered, and not sent again. See :class:`Channel`."""
        answer = hand_over_by_lean(str(self._project), words)
        if answer is not None and answer.returncode and "does not" in answer.stderr + answer.stdout:
            raise OperationsError(f"lean live command: {(answer.stderr or answer.stdout).strip().splitlines()[-1][:200]}")

    def withdraw(self, reference: str) -> bool:
        """The command gives up by itself. See :class:`Channel`."""
        return False

    def tidy(self, reference: str) -> None:
        """Nothing is left outside the container."""
