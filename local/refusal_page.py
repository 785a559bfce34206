"""The page docs/refusal-codes.md, made from the codes: ``python -m local.refusal_page > docs/refusal-codes.md``."""
from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from core import codes
from core.codes import RefusalCode

HEAD = """# Refusal codes

Every entry that is not made has one code, with the facts that led to it. The log, the audit trail and the report's
column of refusals show the same code. Exits have no code, because they never pass the gate.

This page is made from `core/codes.py` by `python -m local.refusal_page > docs/refusal-codes.md`; a test checks that.
Figures are in `config/constants.py` and `config/strategy_parameters.py`.
"""


def sections() -> Iterator[tuple[str, list[RefusalCode]]]:
    """The codes in their order, under the headings that their file gives them."""
    heading, found = "", []
    for line in Path(codes.__file__).read_text(encoding="utf-8").split("def meaning")[0].splitlines():
        if title := re.fullmatch(r"    # (.+)", line):
            if found:
                yield heading, found
            heading, found = title[1], []
        elif member := re.fullmatch(r"    ([A-Z_0-9]+) = .*", line):
            found.append(RefusalCode[member[1]])
    yield heading, found


def page() -> str:
    """The whole page as Markdown."""
    parts = [HEAD]
    for heading, members in sections():
        parts.append(f"\n## {heading[0].upper()}{heading[1:]}\n\n| code | meaning |\n|---|---|\n")
        parts += [f"| `{code.value}` | {code.meaning} |\n" for code in members]
    return "".join(parts)


if __name__ == "__main__":
    print(page(), end="")
