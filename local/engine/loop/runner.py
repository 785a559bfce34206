"""Runs a project folder and leaves what LEAN leaves: summary, order events, log and object store."""
from __future__ import annotations

import contextlib
import dataclasses
import gc
import json
import traceback
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from local.engine.broker.broker import Broker
from local.engine.broker.result_file import result_document
from local.engine.broker.results import run_statistics
from local.engine.files.day_source import DaySource
from local.engine.loop.engine import RUN_ID, Engine

_COLLECT_AFTER = 50_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """Outcome of a run.

    Attributes
    ----------
    statistics
        LEAN's statistics by LEAN's names.
    orders
        Orders as LEAN's JSON writes them.
    order_events
        Order events as LEAN's JSON writes them.
    equity
        Equity at the end of each day, by date.
    exit_code
        0, or 1 when the algorithm failed.
    error
        What failed, empty otherwise.
    """

    statistics: dict[str, str]
    orders: list[dict[str, Any]]
    order_events: list[dict[str, Any]]
    equity: dict[str, float]
    exit_code: int
    error: str = ""
    slices: int = 0
    engine: Any = None


def run_project(folder: Path, *, data: Path, out: Path, parameters: Mapping[str, str] | None = None, live: bool = False,
                algorithm_type_name: str | None = None,
                progress: Callable[[datetime, datetime, datetime], None] | None = None, broker: Broker | None = None,
                run_id: str = RUN_ID, name: str = "main", store: Path | None = None,
                configuration: Mapping[str, Any] | None = None, source: DaySource | None = None) -> RunResult:
    """Runs a project folder on a data folder.

    Parameters
    ----------
    folder
        Project with `main.py`.
    data
        LEAN-format data folder.
    out
        Where results go; made when it is not there.
    parameters
        All parameters, as LEAN is handed them; None: those of the project's `config.json`.
    progress
        Called with the algorithm's time, start and end after each time step.
    run_id, store, configuration, source
        See `Engine`.

    Returns
    -------
    RunResult
        With exit code 1 and the error when the algorithm raises, as LEAN does.
    """
    given = _project_parameters(Path(folder)) if parameters is None else dict(parameters)
    engine = Engine(folder, data, out, given, live=live, broker=broker, algorithm_type_name=algorithm_type_name,
                    progress=progress, name=name, run_id=run_id, store=store, configuration=configuration, source=source)
    error = ""
    try:
        with _seldom_collected():
            engine.run()
    except Exception as failure:  # noqa: BLE001 - the boundary to the project's code
        error = "".join(traceback.format_exception(failure))
        engine.log.write("ERROR:: ", engine.clock.local, error)
        engine.stop()
    algorithm = engine.algorithm
    if algorithm is not None and algorithm.runtime_error is not None:
        error = "".join(traceback.format_exception(algorithm.runtime_error))
    results = _results(engine, error)
    _write(Path(out), run_id, results, error)
    if not error and algorithm is not None and algorithm._locked:
        _write_whole(Path(out), run_id, results, engine)
    return RunResult(statistics=results["statistics"], orders=results["orders"], order_events=results["orderEvents"],
                     equity=results["equity"], exit_code=1 if error else 0, error=error, slices=engine.slices,
                     engine=engine)


@contextlib.contextmanager
def _seldom_collected() -> Iterator[None]:
    """A run keeps many small objects and makes few cycles: the collector looks less often while it lasts, and not at
    what was there before."""
    before = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER, *before[1:])
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def _project_parameters(folder: Path) -> dict[str, str]:
    file = folder / "config.json"
    if not file.is_file():
        return {}
    return {key: str(value) for key, value in json.loads(file.read_text(encoding="utf-8")).get("parameters", {}).items()}


def _results(engine: Engine, error: str) -> dict[str, Any]:
    empty = {"statistics": {}, "orders": [], "orderEvents": [], "equity": {}}
    if engine.algorithm is None or not engine.algorithm._locked:
        return empty
    return {**empty, **engine.broker.results(engine.algorithm, engine.run_id)}


def _write_whole(out: Path, run_id: str, results: dict[str, Any], engine: Engine) -> None:
    """LEAN's whole result: what `lean report` is made from."""
    algorithm, sampler = engine.algorithm, engine.broker.sampler
    document = result_document(
        results, sampler, run_statistics(algorithm, sampler), algorithm.trade_builder.closed_trades, name=type(algorithm).__name__,
        start=algorithm.start_date, end=algorithm.end_date, parameters=engine.services.parameters,
        state={"Status": "Completed", "RuntimeError": ""})
    (out / f"{run_id}.json").write_text(json.dumps(document, default=str), encoding="utf-8")


def _write(out: Path, run_id: str, results: dict[str, Any], error: str) -> None:
    state = {"Status": "RuntimeError" if error else "Completed", "RuntimeError": error.strip().split("\n")[-1]}
    summary = {"statistics": results["statistics"], "state": state, "orders": results["orders"],
               **{key: value for key, value in results.items() if key not in ("statistics", "orders", "orderEvents")}}
    (out / f"{run_id}-summary.json").write_text(json.dumps(summary, indent=1, default=str), encoding="utf-8")
    if results["orderEvents"]:
        text = json.dumps(results["orderEvents"], indent=1, default=str)
        (out / f"{run_id}-order-events.json").write_text(text, encoding="utf-8")
