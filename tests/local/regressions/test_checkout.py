"""Which of a checkout's algorithms count, and the project made of one."""
from __future__ import annotations

from pathlib import Path

import pytest

from local.commands.errors import CommandError
from local.regressions.checkout import check_checkout, class_of, counted_algorithms, digest_of, project_of


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "Data").mkdir(parents=True)
    algorithms = folder / "Algorithm.Python"
    (algorithms / "Alphas").mkdir(parents=True)
    for name in ("OptionA", "SomeComboB", "ObjectStoreC", "Equity", "IndexoptionD", "main"):
        (algorithms / f"{name}.py").write_text(f"class Helper:\n    pass\n\nclass {name}(Base):\n    pass\n",
                                               encoding="utf-8")
    return folder


def test_the_denominator_is_by_name(checkout: Path) -> None:
    assert counted_algorithms(checkout) == ["IndexoptionD", "ObjectStoreC", "OptionA", "SomeComboB"]


@pytest.mark.parametrize("missing", ["Data", "Algorithm.Python"])
def test_what_is_no_checkout_is_refused(tmp_path: Path, missing: str) -> None:
    for name in {"Data", "Algorithm.Python"} - {missing}:
        (tmp_path / name).mkdir()
    with pytest.raises(CommandError, match=missing):
        check_checkout(tmp_path)


def test_the_class_named_as_the_file_comes_first_then_the_last_one(checkout: Path) -> None:
    file = checkout / "Algorithm.Python" / "OptionA.py"
    assert class_of(checkout, "OptionA") == "OptionA"
    file.write_text("class First(Base):\n    pass\n\nclass Last(Base):\n    pass\n", encoding="utf-8")
    assert class_of(checkout, "OptionA") == "Last"
    file.write_text("x = 1\n", encoding="utf-8")
    with pytest.raises(CommandError, match="OptionA"):
        class_of(checkout, "OptionA")


def test_a_project_holds_the_algorithm_as_main_and_its_neighbours(checkout: Path, tmp_path: Path) -> None:
    project = project_of(checkout, "OptionA", tmp_path)
    assert (project / "main.py").read_text(encoding="utf-8") == (checkout / "Algorithm.Python" / "OptionA.py").read_text(
        encoding="utf-8")
    assert (project / "SomeComboB.py").is_file() and (project / "Alphas").is_dir()


def test_another_text_or_launcher_is_another_result(checkout: Path, tmp_path: Path) -> None:
    launcher = tmp_path / "launcher.dll"
    launcher.write_text("1", encoding="utf-8")
    first = digest_of(checkout, launcher, "OptionA")
    assert digest_of(checkout, launcher, "OptionA") == first != digest_of(checkout, launcher, "SomeComboB")
    launcher.write_text("12", encoding="utf-8")
    assert digest_of(checkout, launcher, "OptionA") != first
