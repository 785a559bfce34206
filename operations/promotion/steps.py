"""Promotes a tree, and brings the last promoted one back."""
from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import ConfigError
from core.serialization import canonical
from helpers.store.promotion import FORMAT, KEY, LINES, SCHEMA, check_promotion, tree_hash
from operations.backup.manifest import Kind
from operations.backup.repository import Repository
from operations.backup.restore import restore_in_place
from operations.disk import make_folder, read_file, write_file
from operations.documents import LIVE, PAPER
from operations.errors import OperationsError
from operations.promotion.checklist import PRODUCTION, Ground, Item, git, trading_tree
from operations.records import Records

PROMOTIONS, ROLLBACKS = "promotions", "rollbacks"
KEPT_REFERENCE = "refs/promoted/"      # so that git never lets go of a promoted commit


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """What a rollback brought back: commit, tree, and the number of the backup whose state stands now (None: it was kept)."""

    commit: str
    tree: str
    backup: int | None


def promote(ground: Ground, target: str, items: Sequence[Item], repository: Callable[[], Repository]) -> bool:
    """Write the record that production asks for. True where every line is kept; else what is missing is written down as far
    as no complete record stands there, which goes on being the last promotion. ``repository`` opens the backups, only where one
    is made.

    Raises
    ------
    OperationsError
        The backup or the record cannot be written.
    """
    kept, tree = all(item.kept for item in items), trading_tree(ground)
    if target == PRODUCTION and (kept or not _complete(ground)):
        if kept:
            _promoted(ground, tree, repository())
        _write(ground, tree, {item.name: item.kept for item in items})
    elif kept:
        Records(ground.store).add(PROMOTIONS, ground.now, target=target, tree=tree, commit=git(ground.project, "rev-parse", "HEAD"))
    return kept


def _promoted(ground: Ground, tree: str, repository: Repository) -> None:
    commit = git(ground.project, "rev-parse", "HEAD")
    git(ground.project, "update-ref", f"{KEPT_REFERENCE}{commit}", commit)
    made = repository.run(ground.store, ground.now, kind=Kind.PROMOTION, reason="promotion", tree=tree).manifest
    Records(ground.store).add(PROMOTIONS, ground.now, target=PRODUCTION, tree=tree, commit=commit, backup=made.name.sequence)


def _complete(ground: Ground) -> bool:
    """Whether the record that stands there would start its tree."""
    try:
        text = read_file(ground.store / KEY).decode("utf-8")
        check_promotion(text, str(json.loads(text).get("tree")))
    except (FileNotFoundError, ConfigError, ValueError, AttributeError):
        return False
    return True


def _write(ground: Ground, tree: str, lines: Mapping[str, bool]) -> None:
    make_folder((ground.store / KEY).parent)
    body = {"format": FORMAT, "schema": SCHEMA, "target": PRODUCTION, "tree": tree, "time": ground.now.isoformat(), "lines": lines}
    write_file(ground.store / KEY, (canonical(body) + "\n").encode("utf-8"))


def roll_back(ground: Ground, repository: Repository, *, keep_state: bool, running: bool, told: Callable[[str], None]) -> RolledBack:
    """Bring back the last promoted tree other than this one, with the newest state that it left. A rollback that was cut off is
    gone on with. Nothing is lost: what the store holds is backed up and moved beside it, and every commit stays.

    Parameters
    ----------
    keep_state : bool
        Leave the state as it is: where the old tree can read it.
    running : bool
        Although the store was written a moment ago.

    Raises
    ------
    OperationsError
        There is nothing to go back to, files are changed, or the state cannot be restored.
    """
    records = Records(ground.store)
    begun = _begun(records)
    target = begun or _last_other(records, trading_tree(ground))
    changed = git(ground.project, "status", "--porcelain", "--untracked-files=no")
    if changed:
        raise OperationsError(f"files are changed: commit them first, a rollback would lose them ({changed.splitlines()[0][2:].strip()})")
    state = None if keep_state else repository.choose(tree=target["tree"])
    if state is not None and (troubles := repository.troubles(state)[1]):
        raise OperationsError(f"the state of {target['commit'][:12]} cannot be restored: {troubles[0]}; --keep-state leaves it as it is")
    repository.run(ground.store, ground.now, kind=Kind.PROMOTION, reason="before rollback",
                   tree="" if begun else trading_tree(ground))      # cut off, state and tree may not belong together
    records.add(ROLLBACKS, ground.now, done=False, tree=target["tree"], commit=target["commit"])
    if state is not None:
        found = restore_in_place(repository, state, ground.store, ground.now, running=running, only=(LIVE, PAPER))
        told(f"state of backup {state.shown}; what was there: {found.aside}")
    git(ground.project, "checkout", "--quiet", "--detach", target["commit"])
    if tree_hash(ground.project) != target["tree"]:
        raise OperationsError("the commit does not hold the tree that was promoted: its files are there, production will not start")
    _write(ground, target["tree"], dict.fromkeys(LINES, True))
    records.add(ROLLBACKS, ground.now, done=True, tree=target["tree"], commit=target["commit"])
    return RolledBack(commit=target["commit"], tree=target["tree"], backup=None if state is None else state.sequence)


def _begun(records: Records) -> Mapping[str, Any] | None:
    rows = records.rows(ROLLBACKS)
    return rows[-1] if rows and not rows[-1]["done"] else None


def _last_other(records: Records, tree: str) -> Mapping[str, Any]:
    rows = [row for row in records.rows(PROMOTIONS) if row["target"] == PRODUCTION and row["tree"] != tree]
    if not rows:
        raise OperationsError("no other tree was promoted: there is nothing to go back to")
    return rows[-1]
