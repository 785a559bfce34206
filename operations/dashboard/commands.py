"""The owner's commands: each with an id, written down before it is sent, never sent twice, shown until it is answered."""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from operations.commands import ANSWER_SECONDS
from operations.dashboard.channels import Channel
from operations.dashboard.private_files import private_folder, read_json, write_json
from operations.errors import OperationsError

LEDGER = "commands.json"
KEPT, MOST_WAITING = 200, 20
ID = re.compile(r"[A-Za-z0-9-]{8,64}")
REASON = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
# What a command is to the algorithm, and the word that its sender must have typed ("" where none is needed).
# EMERGENCY stops entries and closes everything but bought protection, as the highest emergency level does.
ACTIONS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "halt": (("halt",), ""), "resume": (("resume",), "RESUME"), "flatten": (("flatten",), "FLATTEN"),
    "liquidate": (("liquidate",), "LIQUIDATE"), "accept": (("accept",), "ACCEPT"), "result": (("result",), "RESULT"),
    "emergency": (("halt", "flatten"), "EMERGENCY")}
OF_A_STRATEGY = ("resume", "flatten")
SENT, ANSWERED, FAILED, UNCERTAIN, WITHDRAWN = "sent", "answered", "failed", "uncertain", "withdrawn"
NOT_TAKEN = "LEAN did not take it in a minute, and it was withdrawn: is it running?"
UNANSWERED = "LEAN took it and no answer has come: look at the status before you send another"


class Refused(Exception):
    """A command that is not sent; ``status`` is that of the answer."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Commands:
    """What was sent, and what came back.

    Parameters
    ----------
    folder : Path
        Private; the ledger is kept there.
    channel : Channel or None
        None: nothing can be sent.
    clock : callable
        The wall clock's time as ISO text.
    """

    def __init__(self, folder: Path, channel: Channel | None, clock: Callable[[], str]) -> None:
        self._path = private_folder(folder) / LEDGER
        self._channel, self._clock = channel, clock
        self._one_at_a_time = Lock()
        rows: list[dict[str, Any]] = read_json(self._path) or []
        for row in rows:
            if row["state"] == UNCERTAIN:       # the server ended between writing it down and sending it
                row["note"] = "it is not known whether it was sent: look at the status before you send another"
        self._rows = rows

    @property
    def can_send(self) -> bool:
        """Whether there is a way to the algorithm."""
        return self._channel is not None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """All that is kept, the newest first."""
        return [dict(row) for row in reversed(self._rows)]

    def send(self, action: str, fields: Mapping[str, Any], *, strategies: Sequence[str], confirm: str | None) -> dict[str, Any]:
        """Send one command; one whose id is known already is answered with what became of it.

        Parameters
        ----------
        fields : mapping
            ``id``, and of ``reason``, ``strategy``, ``position``, ``amount`` what the action takes.
        strategies : sequence of str
            Names that the algorithm has published.
        confirm : str or None
            The word that was typed.

        Raises
        ------
        Refused
            It is not sent.
        """
        words, typed = ACTIONS[action]
        key, reason, strategy = str(fields.get("id", "")), fields.get("reason"), fields.get("strategy")
        with self._one_at_a_time:
            if not ID.fullmatch(key):
                raise Refused(422, "id must be 8 to 64 letters, digits or -")
            known = next((row for row in self._rows if row["id"] == key), None)
            if known is not None:
                if (known["action"], known["strategy"]) != (action, strategy):
                    raise Refused(409, "this id was another command's")
                return dict(known)
            if reason is not None and not REASON.fullmatch(reason):
                raise Refused(422, "reason must be 1 to 200 characters on one line")
            if strategy is not None and (action not in OF_A_STRATEGY or strategy not in strategies):
                raise Refused(422, f"{action} is not of a strategy of that name")
            if typed and confirm != typed:
                raise Refused(428, f"type {typed} to {action}")
            if self._channel is None:
                raise Refused(503, "no way to the algorithm: start the dashboard with --commands FOLDER or --lean PROJECT")
            row = self._write_down(action, words, key, {"reason": reason, "strategy": strategy,
                                                        "position": fields.get("position"), "amount": fields.get("amount")})
        return self._hand_over(row, words, self._channel)

    def _write_down(self, action: str, words: Sequence[str], key: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Before it is sent: whatever happens then, its id is known."""
        waiting = [row for row in self._rows if row["state"] in (SENT, UNCERTAIN)]
        if len(waiting) >= MOST_WAITING:
            raise Refused(429, f"{MOST_WAITING} commands wait for their answers")
        if any((row["action"], row["strategy"]) == (action, fields["strategy"]) and not row["note"] for row in waiting):
            raise Refused(409, f"a {action} waits for its answer already")
        row: dict[str, Any] = {"id": key, "action": action, **fields, "sent": self._clock(), "state": UNCERTAIN, "note": "",
                               "answers": {}, "references": [f"{key}-{place}" for place in range(1, len(words) + 1)]}
        self._rows = [*self._rows, row][-KEPT:]
        self._keep()
        return row

    def _hand_over(self, row: dict[str, Any], words: Sequence[str], channel: Channel) -> dict[str, Any]:
        """Send it; nobody waits meanwhile for what only looks."""
        fields = {name: row[name] for name in ("reason", "strategy", "position", "amount") if row[name] is not None}
        state, note = SENT, ""
        try:
            for reference, word in zip(row["references"], words):
                channel.send({"action": word, **fields, "reference": reference})
        except OperationsError as problem:
            state, note = FAILED, str(problem)
        with self._one_at_a_time:
            if row["state"] == UNCERTAIN:       # else its answer was here before this
                row["state"], row["note"] = state, note
            self._keep()
            return dict(row)

    def hear(self, answers: Sequence[Mapping[str, Any]]) -> bool:
        """Take what the algorithm has published of its answers; True when one of ours is among them."""
        news = False
        with self._one_at_a_time:
            told = {answer["reference"]: answer for answer in answers if answer.get("reference")}
            for row in self._rows:
                for reference in row["references"]:
                    if reference in told and reference not in row["answers"]:
                        row["answers"][reference] = {"time": told[reference]["time"], "answer": told[reference]["answer"]}
                        news = True
                        if self._channel is not None:
                            self._channel.tidy(reference)
                if len(row["answers"]) == len(row["references"]):
                    row["state"] = ANSWERED
            if news:
                self._keep()
        return news

    def review(self) -> bool:
        """Take back what LEAN has not taken in time, so that it is not carried out when nobody expects it any more; say of
        the rest that no answer has come. True when a row has changed."""
        news, now = False, datetime.fromisoformat(self._clock())
        with self._one_at_a_time:
            for row in self._rows:
                if row["state"] != SENT or row["note"] or \
                        (now - datetime.fromisoformat(row["sent"])).total_seconds() < ANSWER_SECONDS:
                    continue
                back = [self._channel is not None and self._channel.withdraw(reference) for reference in row["references"]
                        if reference not in row["answers"]]
                row["state"], row["note"] = (WITHDRAWN, NOT_TAKEN) if all(back) and not row["answers"] else (SENT, UNANSWERED)
                news = True
            if news:
                self._keep()
        return news

    def _keep(self) -> None:
        write_json(self._path, self._rows)
