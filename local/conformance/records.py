"""Records of cases: made by real LEAN or by the embedded engine, and compared.

A record holds the entries that the case noted, LEAN's statistics and the hash of its order list. Static files (market
hours, symbol properties, interest rates, margins) are the project's own on both engines.
"""
from __future__ import annotations

import json
import math
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local import lean_launcher
from local.commands.project import algorithm_class
from local.conformance import cases
from local.engine.loop.runner import run_project

Record = dict[str, Any]
NUMBER_TOLERANCE, RELATIVE_TOLERANCE, MODEL_TOLERANCE = 1e-4, 1e-7, 0.01
STATISTIC_TOLERANCE = 5e-6
MODELED = frozenset({"iv", "delta", "gamma", "theta", "vega", "rho"})
NOT_COMPUTED = frozenset({"Estimated Strategy Capacity", "Lowest Capacity Asset"})
HASH_LINE = re.compile(r"STATISTICS:: OrderListHash ([0-9a-f]{32})")
SHOWN_TEXT = 300
ABORTED, RESULTS_POSTED = -6, "Analysis Completed and Results Posted"


class CaseFailed(Exception):
    """A case ended with an error, or left no record."""


def on_lean(case: str, lean: lean_launcher.Lean, cache: Path | None = None) -> Record:
    """Run a case on real LEAN.

    Raises
    ------
    CaseFailed
        The algorithm failed, or left no record.
    """
    data = cases.data_folder(cases.scenario_of(case), cache)
    with tempfile.TemporaryDirectory(prefix="tom-king-case-") as scratch:
        project, out = cases.project_folder(case, Path(scratch)), Path(scratch) / "out"
        job = lean_launcher.LeanJob(project=project, algorithm_class=algorithm_class(project / "main.py"), data=data,
                                    out=out, scratch=Path(scratch), parameters={})
        code = lean_launcher.run_lean(lean, job)
        log = (out / "lean.log").read_text(encoding="utf-8", errors="replace")
        summary = _json(out / "run-summary.json", case)
        failure = failure_of(summary["state"].get("RuntimeError") or "", code, log)
        if failure:
            raise CaseFailed(f"{case}: LEAN: {failure}")
        found = HASH_LINE.search(log)
        if found is None:
            raise CaseFailed(f"{case}: LEAN's log has no order list hash")
        return _record(case, data, out, summary["statistics"], found.group(1))


def failure_of(error: str, code: int, log: str) -> str:
    """What went wrong with a run on LEAN, empty when nothing did: an abort of the interpreter's shutdown after the results
    were posted leaves them good."""
    aborted_late = code == ABORTED and RESULTS_POSTED in log
    return error or ("" if code == 0 or aborted_late else f"exit code {code}")


def on_embedded(case: str, data: Path, scratch: Path) -> Record:
    """Run a case on the embedded engine.

    Raises
    ------
    CaseFailed
        The algorithm failed, or left no record.
    """
    project, out = cases.project_folder(case, scratch), scratch / "out"
    result = run_project(project, data=data, out=out, algorithm_type_name=algorithm_class(project / "main.py"))
    if result.exit_code:
        raise CaseFailed(f"{case}: {result.error}")
    summary = _json(out / "run-summary.json", case)
    return _record(case, data, out, summary["statistics"], summary["orderListHash"])


def _json(path: Path, case: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CaseFailed(f"{case}: the run left no {path.name}") from None


def _record(case: str, data: Path, out: Path, statistics: Mapping[str, str], order_list_hash: str) -> Record:
    return {"case": case, "data": cases.scenario_of(case), "digest": cases.data_digest(data),
            "order_list_hash": order_list_hash,
            "statistics": {name: text for name, text in statistics.items() if name not in NOT_COMPUTED},
            "entries": _json(out / "storage" / cases.RECORD_KEY, case)}


def read_expected(case: str) -> Record:
    """LEAN's record of a case, as it is kept."""
    return json.loads((cases.EXPECTED / f"{case}.json").read_text(encoding="utf-8"))


def text_of(record: Record) -> str:
    """A record as its file holds it: one line an entry."""
    head = {key: value for key, value in record.items() if key != "entries"}
    lines = ",\n".join(f"  {json.dumps(entry)}" for entry in record["entries"])
    return f"{json.dumps(head, indent=1)[:-2]},\n \"entries\": [\n{lines}\n ]\n}}\n"


def differences(expected: Record, found: Record) -> list[str]:
    """What differs, a line each; none when the engine answered as LEAN did."""
    lines = []
    want, have = expected["entries"], found["entries"]
    for number in range(max(len(want), len(have))):
        if number >= len(want) or number >= len(have):
            only, entry = ("LEAN", want[number]) if number < len(want) else ("the engine", have[number])
            lines.append(f"entry {number} only on {only}: {str(entry)[:SHOWN_TEXT]}")
            continue
        keys = want[number].keys() | have[number].keys()
        unequal = {key: (want[number].get(key), have[number].get(key)) for key in sorted(keys)
                   if key not in want[number] or key not in have[number]
                   or not same(want[number][key], have[number][key], key in MODELED)}
        if unequal:
            what = f"{want[number].get('time')} {want[number].get('what')}"
            lines.append(f"entry {number} ({what}): LEAN, engine: {unequal}")
    names = expected["statistics"].keys() | found["statistics"].keys()
    lines += [f"statistic {name}: LEAN {expected['statistics'].get(name)}, engine {found['statistics'].get(name)}"
              for name in sorted(names)
              if not same_statistic(expected["statistics"].get(name, ""), found["statistics"].get(name, ""))]
    if expected["order_list_hash"] != found["order_list_hash"]:
        lines.append(f"order list hash: LEAN {expected['order_list_hash']}, engine {found['order_list_hash']}")
    if lines and expected["digest"] != found["digest"]:
        lines.append("the data is not what LEAN saw (the writer has changed): run python -m local record")
    return lines


def same_statistic(want: str, have: str) -> bool:
    """Equal as text, or as numbers within five millionths (LEAN mixes decimals and doubles); units must be alike."""
    if want == have:
        return True
    units = [(text.startswith("$"), text.endswith("%")) for text in (want, have)]
    try:
        numbers = [float(text.strip("$%").replace(",", "")) for text in (want, have)]
    except ValueError:
        return False
    return units[0] == units[1] and math.isclose(*numbers, rel_tol=STATISTIC_TOLERANCE)


def same(want: Any, have: Any, modeled: bool = False) -> bool:
    """Equal, numbers within 0.0001 (or a ten-millionth), values of the option models within 1 %."""
    if isinstance(want, Sequence) and not isinstance(want, str):
        return isinstance(have, Sequence) and not isinstance(have, str) and len(want) == len(have) \
            and all(same(one, other, modeled) for one, other in zip(want, have))
    numbers = [isinstance(value, (int, float)) and not isinstance(value, bool) for value in (want, have)]
    if not all(numbers):
        return want == have and type(want) is type(have)
    gap = abs(want - have)
    return gap <= NUMBER_TOLERANCE + RELATIVE_TOLERANCE * abs(want) or (modeled and gap <= MODEL_TOLERANCE * abs(want))
