"""The steps of ``promote``."""
from __future__ import annotations

import argparse

from helpers.store.promotion import PROJECT_FOLDER
from local.commands.arguments import typed_word
from local.commands.backup_steps import repository_of, utc_now
from local.commands.errors import RUN_FAILED
from local.statistics_table import grid
from operations.places import store_folder, workspace
from operations.promotion import checklist
from operations.promotion.checklist import Ground
from operations.promotion.steps import promote, roll_back
from operations.records import Records


def carry_out(arguments: argparse.Namespace) -> int:
    """Carry out one step; 1 when a line is not kept."""
    ground = Ground(project=PROJECT_FOLDER, workspace=workspace(), store=store_folder(arguments.store), now=utc_now())
    if arguments.step == "review":
        return _review(arguments, ground)
    if arguments.step == "rollback":
        return _rollback(arguments, ground)
    items = checklist.checklist(ground, arguments.step)
    print("\n".join(grid(("Line", "Kept", "What"), [(item.name, "yes" if item.kept else "NO", item.text) for item in items],
                         left=(0, 1, 2))))
    if not promote(ground, arguments.step, items, lambda: repository_of(arguments)):
        print(f"\nnot promoted: {', '.join(item.name for item in items if not item.kept)}")
        return RUN_FAILED
    print(f"\npromoted to {arguments.step}: tree {checklist.trading_tree(ground)[:12]}. A live run observes until mode says trade")
    return 0


def _review(arguments: argparse.Namespace, ground: Ground) -> int:
    digest, parameters = checklist.reviewed_digest(ground.project)
    print("\n".join(grid(("Parameter", "Value"), [(name, str(value)) for name, value in sorted(parameters.items())], left=(0, 1))))
    typed_word("review", arguments.word)
    Records(ground.store).add("reviews", ground.now, digest=digest)
    print(f"reviewed: {digest[:12]}")
    return 0


def _rollback(arguments: argparse.Namespace, ground: Ground) -> int:
    typed_word("rollback", arguments.word)
    found = roll_back(ground, repository_of(arguments), keep_state=arguments.keep_state, running=arguments.running, told=print)
    print(f"rolled back to {found.commit[:12]}, tree {found.tree[:12]}; the branches of git are where they were")
    return 0
