"""What `from AlgorithmImports import *` gives algorithms on this engine."""
# ruff: noqa: F401, F403
import json
import math
from datetime import date, datetime, time, timedelta
from typing import *

import numpy as np
import pandas as pd

from local.engine.algorithm.qc_algorithm import AlgorithmSettings, QCAlgorithm
from local.engine.algorithm.data import UniverseSettings
from local.engine.algorithm.own_commands import CallbackCommand, CommandResultPacket
from local.engine.algorithm.subscription_manager import SubscriptionManager
from local.engine.algorithm.universes import OptionChainedUniverseSelectionModel, OptionUniverseSelectionModel
from local.engine.market.bars import (
    Bar,
    BaseData,
    Delisting,
    Dividend,
    OpenInterest,
    QuoteBar,
    Split,
    SymbolChangedEvent,
    TradeBar,
)
from local.engine.broker.api import *
from local.engine.market.chains import FuturesChain, FuturesContract, Greeks, OptionChain, OptionContract
from local.engine.market.chains import PriceModelResult as OptionPriceModelResult
from local.engine.collections import KeyValuePair
from local.engine.universes.contract_filters import FutureFilterUniverse, FutureUniverse, OptionUniverse
from local.engine.market.custom_data import (
    Compression,
    FileFormat,
    PythonData,
    SubscriptionDataConfig,
    SubscriptionDataSource,
    SubscriptionTransportMedium,
)
from local.engine.market.data_dictionaries import FuturesChains, OptionChains, QuoteBars, TradeBars
from local.engine.market.derivatives import Future, FutureOption, IndexOption, Option
from local.engine.enums import (
    AlgorithmMode,
    BarDirection,
    DataMappingMode,
    DataNormalizationMode,
    DayOfWeek,
    DelistingType,
    DeploymentTarget,
    Market,
    MarketDataType,
    MarketHoursState,
    MovingAverageType,
    OptionRight,
    OptionStyle,
    PositionSide,
    RenkoType,
    Resolution,
    SecurityType,
    SettlementType,
    SplitType,
    TickType,
)
from local.engine.errors import ArgumentException, InvalidOperationException, KeyNotFoundException
from local.engine.market.futures_constants import Futures
from local.engine.indicators.extensions import IndicatorExtensions
from local.engine.indicators.api import *
from local.engine.market.market_hours import MarketHoursDatabase, SecurityExchangeHours
from local.engine.loop.commands import Command
from local.engine.loop.configuration import Config
from local.engine.loop.object_store import ObjectStore
from local.engine.universes.option_filters import OptionFilterUniverse
from local.engine.pricing.option_models import (
    CurrentPriceOptionPriceModel,
    IndicatorBasedOptionPriceModel,
    OptionPriceModel,
    OptionPriceModelParameters,
    OptionPriceModels,
    OptionPricingModelType,
    QLOptionPriceModel,
    QLOptionPriceModelProvider,
)
from local.engine.market.properties import SymbolProperties
from local.engine.loop.schedule import ScheduledEvent
from local.engine.market.security import Equity, Index, Security
from local.engine.market.security_changes import SecurityChanges
from local.engine.universes.selector_universes import Fundamental
from local.engine.market.slice import Slice
from local.engine.market.symbol import SecurityIdentifier, Symbol, SymbolCache
from local.engine.time_zones import TimeZones
from local.engine.pricing.volatility_models import (
    BaseVolatilityModel,
    IndicatorVolatilityModel,
    RelativeStandardDeviationVolatilityModel,
    StandardDeviationOfReturnsVolatilityModel,
    VolatilityModel,
)

CoarseFundamental = FineFundamental = Fundamental
DynamicData = PythonData
