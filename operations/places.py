"""Where things are when nobody says otherwise: the workspace's store, the backups beside it, the owner's key at home."""
from __future__ import annotations

from pathlib import Path

from helpers.store.promotion import PROJECT_FOLDER

WORKSPACE_FILE, STORE, BACKUPS = "lean.json", "storage", "backups"


def workspace() -> Path:
    """The workspace of the ``lean`` command: the folder above the project when it is one, else the project itself."""
    above = PROJECT_FOLDER.parent
    return above if (above / WORKSPACE_FILE).is_file() else PROJECT_FOLDER


def store_folder(named: str | None) -> Path:
    """The ObjectStore's folder."""
    return Path(named).absolute() if named else workspace() / STORE


def backup_folder(named: str | None) -> Path:
    """The backups' folder."""
    return Path(named).absolute() if named else workspace() / BACKUPS


def key_path(named: str | None) -> Path:
    """The key file."""
    return Path(named).absolute() if named else Path.home() / ".config" / "tom-king" / "backup.key"
