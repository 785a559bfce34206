"""What prepares new securities: functions, the brokerage model, or several in a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.engine.broker.brokerage_models import DefaultBrokerageModel
    from local.engine.market.security import Security


class NullSecuritySeeder:
    """Gives new securities no price."""

    def seed_security(self, security: Security) -> bool:
        """Do nothing."""
        return True


class SecuritySeeder:
    """Seeders by name."""

    NULL = NullSecuritySeeder()


class BrokerageModelSecurityInitializer:
    """Gives securities the models of a brokerage; subclasses add their own after `super().initialize(security)`."""

    def __init__(self, brokerage_model: DefaultBrokerageModel | None = None,
                 security_seeder: NullSecuritySeeder = SecuritySeeder.NULL) -> None:
        if type(security_seeder) is not NullSecuritySeeder:
            raise NotImplementedError("BrokerageModelSecurityInitializer with a security seeder")
        self._brokerage_model = brokerage_model

    def initialize(self, security: Security) -> None:
        """Give a security the models."""
        if self._brokerage_model is not None:
            self._brokerage_model.initialize(security)


class FuncSecurityInitializer:
    """Prepares securities with a function."""

    def __init__(self, function: Callable[[Security], Any]) -> None:
        self.initialize = function


class CompositeSecurityInitializer:
    """Prepares securities with several initializers in a row."""

    def __init__(self, *initializers: Any) -> None:
        self._initializers = [getattr(item, "initialize", item) for item in initializers]

    def initialize(self, security: Security) -> None:
        """Run all of them."""
        for initialize in self._initializers:
            initialize(security)
