"""The stand-in for the ``lean`` command writes the configuration that the command was recorded to write."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lean_cli.contract import (LAUNCHER_CONFIGURATION, CommandRefuses, Deployment, configuration, find_workspace,
                                     project_configuration, recording)

# What the command adds to lean.json: taken out of a recording, the rest is the lean.json it was made from.
ADDED = {"environment", "close-automatically", "composer-dll-directory", "debugging", "debugging-method", "job-user-id",
         "api-access-token", "project-id", "iqfeed-host", "algorithm-type-name", "algorithm-language",
         "algorithm-location", "parameters", "storage-limit-mb", "storage-file-count", "algorithm-id", "debug-mode",
         "results-destination-folder", "object-store-root", "data-folder", "backtest-name", "python-venv",
         "live-cash-balance"}
ACCOUNT = {"job-user-id": "123456", "api-access-token": "API-TOKEN"}      # of the command's own settings
CALLS = {
    "b-backtest": Deployment(algorithm_id="1164329286"),
    "d-backtest": Deployment(algorithm_id="1816429378"),
    "d-backtest-named-with-a-parameter": Deployment(
        parameters=[("strategies", "lt112")], extra={"backtest-name": "a name", "python-venv": "/venv"}),
    "d-live-tastytrade": Deployment(
        environment="lean-cli", algorithm_id="L-3494771065", brokerage="TastytradeBrokerage",
        feeds=["TastytradeBrokerage"],
        block={"tastytrade-refresh-token": "TOKEN", "tastytrade-account-number": "5WT00001",
               "history-provider": ["SubscriptionDataReaderHistoryProvider", "BrokerageHistoryProvider"]}),
    "d-optimize": Deployment(algorithm_id="2841386739", extra={"messaging-handler": "QuantConnect.Messaging.Messaging"}),
    "e-live-paper": Deployment(environment="live-paper", algorithm_id="L-3455306348",
                               extra={"live-cash-balance": [{"currency": "USD", "amount": 35000.0}]}),
}


def workspace_of(name: str, folder: Path) -> tuple[dict[str, Any], Path]:
    """A recorded configuration, and a workspace that it could have been made from."""
    recorded = recording(name)[LAUNCHER_CONFIGURATION]
    settings = {key: value for key, value in json.loads(json.dumps(recorded)).items() if key not in ADDED}
    for block in settings["environments"].values():
        block.pop("id", None)
        block.pop("data-provider", None)
    settings = {key: value for key, value in settings.items() if key != "job-organization-id"}
    settings["organization-id"] = recorded["job-organization-id"]
    (folder / "lean.json").write_text(json.dumps(settings | ACCOUNT), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps({"parameters": recorded["parameters"]}), encoding="utf-8")
    return recorded, folder


@pytest.mark.parametrize("name", sorted(CALLS))
def test_as_recorded(name: str, tmp_path: Path) -> None:
    recorded, folder = workspace_of(name, tmp_path)
    made = configuration(folder, folder, CALLS[name])
    feeds = [config["environments"][CALLS[name].environment].get("data-queue-handler") for config in (made, recorded)]
    assert [json.loads(feed) if isinstance(feed, str) else feed for feed in feeds][0] == (
        json.loads(feeds[1]) if isinstance(feeds[1], str) else feeds[1])
    assert isinstance(feeds[0], str) == isinstance(feeds[1], str)
    for config in (made, recorded):
        config["environments"][CALLS[name].environment].pop("data-queue-handler", None)
        config.pop("organization-id", None)
        config.pop("project-id")
    assert made == recorded


def test_a_parameter_drops_every_other(tmp_path: Path) -> None:
    recorded, folder = workspace_of("d-backtest", tmp_path)
    assert len(recorded["parameters"]) > 1
    assert configuration(folder, folder, Deployment(parameters=[("strategies", "lt112")]))["parameters"] == {
        "strategies": "lt112"}


def test_a_comment_costs_the_project_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"parameters": {"cash": "1"}} // mine', encoding="utf-8")
    assert project_configuration(tmp_path) == {} and not (tmp_path / "config.json").exists()


def test_a_workspace_is_the_nearest_that_names_an_organisation(tmp_path: Path) -> None:
    with pytest.raises(CommandRefuses, match="not found"):
        find_workspace(tmp_path)
    (tmp_path / "lean.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CommandRefuses, match="old Lean CLI root folder"):
        find_workspace(tmp_path / "project")
    (tmp_path / "lean.json").write_text('{"job-organization-id": ""}', encoding="utf-8")
    assert find_workspace(tmp_path / "project") == tmp_path
