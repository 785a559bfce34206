"""The type check holds what it says: on a copy of the tree, faults of each kind fail it; nothing hides behind Any."""
from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("config", "core", "strategies", "risk", "helpers")
CHECKED = (*ROOMS, "main.py")
READ_ALONG = ("local/__init__.py", "local/engine")
CACHE = ".mypy_cache"
SILENCED = re.compile(r"#\s*type:\s*ignore(?P<code>\[[a-z-]+\])?(?P<reason>\s+#?\s*\S.*)?")
# What has no name: JSON text of anything, and what a mapping of facts holds (Mapping[str, Any] and **facts).
NAMELESS = {"helpers/store/journal.py: plain"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of everything the check reads, with what the last check of the tree itself has left, if it left any."""
    copy = tmp_path_factory.mktemp("tree")
    for name in (*CHECKED, *READ_ALONG, "pyproject.toml", CACHE):
        source = ROOT / name
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, copy / name)
    return copy


def complaints(tree: Path) -> list[str]:
    """What the check says of the tree, a line each."""
    answer = subprocess.run([sys.executable, "-m", "mypy", "--no-error-summary", *CHECKED], cwd=tree, text=True,
                            capture_output=True, check=False)
    assert answer.returncode in (0, 1) and not answer.stderr, answer.stderr
    return answer.stdout.splitlines()


def test_the_tree_is_clean(tree: Path) -> None:
    assert complaints(tree) == []


FAULTS = {
    "core/kelly.py": ("attr-defined", "def _weekday(spec: StrategySpec) -> object:\n    return spec.entry_weekday"),
    "risk/defence.py": ("no-untyped-def", "def _untyped(position):\n    return position"),
    "strategies/legs.py": ("type: ignore", "_needless = 1  # type: ignore[assignment]  # for no reason"),
    "helpers/lean/gateway.py": ("attr-defined", "def _value(algorithm: LeanAlgorithm) -> object:\n"
                                                "    return algorithm.potfolio"),
    "helpers/shell/assembly.py": ("arg-type", "def _half(audit: SegmentedAudit, memory: Memory) -> object:\n"
                                              "    return AtomicOrderExecutor(audit, memory, memory)"),
    "main.py": ("attr-defined", "def _tick(algorithm: TomKingAlgorithm) -> object:\n    return algorithm.shell.tock"),
}


def test_faults_of_each_kind_fail_the_check(tree: Path) -> None:
    """An attribute that nobody has, of ours, of LEAN's and of what is assembled; a seam that is not fulfilled; a function
    without types; a silence that hides nothing."""
    for name, (_, line) in FAULTS.items():
        with open(tree / name, "a", encoding="utf-8") as file:
            file.write(f"\n\n{line}\n")
    found = [line for line in complaints(tree) if ": error:" in line]
    for name, (code, _) in FAULTS.items():
        assert [line for line in found if line.startswith(f"{name}:") and code in line], (name, found)
    assert {line.split(":")[0] for line in found} == set(FAULTS)


def sources() -> list[tuple[str, str]]:
    """Name and text of every file under the check."""
    files = [ROOT / "main.py", *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))]
    return [(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in files]


def unreasoned(text: str) -> list[str]:
    """Places where the check is silenced without the code and a reason beside it."""
    return [line.strip() for line in text.splitlines()
            if (found := SILENCED.search(line)) and not (found["code"] and found["reason"])]


def test_nothing_is_silenced_without_a_reason() -> None:
    assert [(name, line) for name, text in sources() for line in unreasoned(text)] == []


def is_any(annotation: ast.AST | None) -> bool:
    """Whether an annotation leaves out what it stands for: ``Any`` alone, in a union, a sequence or a tuple."""
    if isinstance(annotation, ast.Name):
        return annotation.id == "Any"
    if isinstance(annotation, ast.BinOp):
        return is_any(annotation.left) or is_any(annotation.right)
    if isinstance(annotation, ast.Subscript):
        inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        mapping = isinstance(annotation.value, ast.Name) and annotation.value.id in ("Mapping", "dict")
        return any(is_any(item) for item in inner) and not (mapping and getattr(inner[0], "id", "") == "str")
    return False


def untold(text: str) -> list[str]:
    """Functions and attributes whose annotations say Any."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg]
            if is_any(node.returns) or any(item is not None and is_any(item.annotation) for item in arguments):
                found.append(node.name)
        elif isinstance(node, ast.AnnAssign) and is_any(node.annotation):
            found.append(ast.unparse(node.target))
    return found


def test_nothing_is_any_that_has_a_name() -> None:
    assert {f"{name}: {place}" for name, text in sources() for place in untold(text)} == NAMELESS


def test_the_rules_can_fail() -> None:
    assert untold("def ask(gateway: Any) -> None: ...\nkept: dict[Contract, Any] = {}") == ["ask", "kept"]
    assert untold("def facts() -> dict[str, Any]: ...\ndef refuse(**facts: Any) -> tuple[str, dict[str, Any]]: ...") == []
    silent = "x = 1  # type: " + "ignore"
    assert unreasoned(silent) and unreasoned(f"{silent}[arg-type]")
    assert not unreasoned(f"{silent}[arg-type]  # the bridge's own type")
