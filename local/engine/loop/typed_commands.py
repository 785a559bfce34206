"""LEAN's own commands, which never reach `on_command`: what `lean live liquidate`, `submit-order` and `stop` send."""
from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.engine.algorithm.own_commands import CallbackCommand
from local.engine.broker.enums import OrderStatus
from local.engine.enums import SecurityType
from local.engine.errors import ArgumentException, MemberNotSupported
from local.engine.market.symbol import Symbol

TYPE = "$type"
_OTHERS_OF_LEAN = ("AddSecurityCommand", "CancelOrderCommand", "QuitCommand", "UpdateOrderCommand")


def command_name(fields: Mapping[str, Any]) -> str | None:
    """Name of LEAN's class that a command is of, None for one of the algorithm's own."""
    given = fields.get(TYPE)
    return None if given is None else str(given).split(",")[0].rsplit(".", 1)[-1]


def run_typed(algorithm: Any, fields: Mapping[str, Any]) -> bool | None:
    """Carries out a command of LEAN's own, or of a kind the algorithm registered; whether it succeeded, None unknown.

    Raises
    ------
    MemberNotSupported
        Another class of LEAN's own.
    ArgumentException
        A symbol is named in part.
    """
    name, given = command_name(fields), {key.lower(): value for key, value in fields.items()}
    if name == "LiquidateCommand":
        algorithm.liquidate(_symbol(given) if _names_symbol(given) else None)
        return True
    if name == "OrderCommand":
        return _submit(algorithm, given)
    if name == "AlgorithmStatusCommand":
        status = str(given.get("status"))
        if status == "Liquidated":
            algorithm.liquidate()
        algorithm.quit(f"status {status}")
        return True
    if name in _OTHERS_OF_LEAN:
        raise MemberNotSupported(f"Commands.{name}")
    command = CallbackCommand()
    command.id, command.type, command.payload = str(given.get("id") or ""), str(name), json.dumps(dict(fields))
    return algorithm.run_command(command).success


def _names_symbol(given: Mapping[str, Any]) -> bool:
    return given.get("ticker") is not None or given.get("market") is not None or _security_type(given) != SecurityType.BASE


def _security_type(given: Mapping[str, Any]) -> SecurityType:
    value = given.get("securitytype") or 0
    if isinstance(value, int):
        return SecurityType(value)
    return next(kind for kind in SecurityType if kind.name.replace("_", "").lower() == str(value).lower())


def _symbol(given: Mapping[str, Any]) -> Symbol:
    kind = _security_type(given)
    if given.get("ticker") is None or given.get("market") is None or kind == SecurityType.BASE:
        raise ArgumentException("Please provide values for: Ticker, Market & SecurityType")
    return Symbol.create(str(given["ticker"]), kind, str(given["market"]))


def _submit(algorithm: Any, given: Mapping[str, Any]) -> bool:
    symbol, quantity, tag = _symbol(given), float(given["quantity"]), str(given.get("tag") or "")
    kind = str(given.get("ordertype")).lower()
    if kind == "market":
        ticket = algorithm.market_order(symbol, quantity, True, tag)
    elif kind == "limit":
        ticket = algorithm.limit_order(symbol, quantity, float(given["limitprice"]), True, tag)
    else:
        raise MemberNotSupported(f"OrderCommand.{given.get('ordertype')}")
    return bool(ticket.status != OrderStatus.INVALID)
