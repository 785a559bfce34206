"""Secrets that a commit would publish. The ``lean`` command stores the answers to its questions in lean.json."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

PROJECT_FOLDER: Final = Path(__file__).resolve().parents[2]
WORKSPACE_FILE: Final = "lean.json"
SECRET: Final = re.compile(r'"([\w-]*(?:token|password|secret|api-key|app-key)[\w-]*)"\s*:\s*"[^"\s]+"')


def exposed_secrets(folder: Path = PROJECT_FOLDER) -> tuple[str, ...]:
    """Keys of the folder's lean.json that hold a secret, if the folder lies in a git repository. The file is read as
    text, because it may hold comments or be broken."""
    path = folder / WORKSPACE_FILE
    if not path.is_file() or not any((place / ".git").exists() for place in (folder, *folder.parents)):
        return ()
    return tuple(sorted(set(SECRET.findall(path.read_text(encoding="utf-8", errors="replace")))))
