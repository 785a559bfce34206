"""What `from AlgorithmImports import *` gives algorithms on this engine."""
# ruff: noqa: F401, F403
import json
import math
from datetime import date, datetime, time, timedelta
from typing import *

import numpy as np
import pandas as pd

from local.engine.algorithm import AlgorithmSettings, QCAlgorithm
from local.engine.algorithm_data import UniverseSettings
from local.engine.algorithm_universes import OptionChainedUniverseSelectionModel, OptionUniverseSelectionModel
from local.engine.bars import (
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
from local.engine.chains import FuturesChain, FuturesContract, Greeks, OptionChain, OptionContract
from local.engine.chains import PriceModelResult as OptionPriceModelResult
from local.engine.collections import KeyValuePair
from local.engine.contract_filters import FutureFilterUniverse, FutureUniverse, OptionUniverse
from local.engine.custom_data import (
    Compression,
    FileFormat,
    PythonData,
    SubscriptionDataConfig,
    SubscriptionDataSource,
    SubscriptionTransportMedium,
)
from local.engine.data_dictionaries import FuturesChains, OptionChains, QuoteBars, TradeBars
from local.engine.derivatives import Future, FutureOption, IndexOption, Option
from local.engine.enums import (
    AlgorithmMode,
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
    Resolution,
    SecurityType,
    SettlementType,
    SplitType,
    TickType,
)
from local.engine.errors import ArgumentException, InvalidOperationException, KeyNotFoundException
from local.engine.futures_constants import Futures
from local.engine.indicator_extensions import IndicatorExtensions
from local.engine.indicators_api import *
from local.engine.market_hours import MarketHoursDatabase, SecurityExchangeHours
from local.engine.object_store import ObjectStore
from local.engine.option_filters import OptionFilterUniverse
from local.engine.option_models import (
    CurrentPriceOptionPriceModel,
    IndicatorBasedOptionPriceModel,
    OptionPriceModel,
    OptionPriceModelParameters,
    OptionPriceModels,
    OptionPricingModelType,
    QLOptionPriceModel,
    QLOptionPriceModelProvider,
)
from local.engine.properties import SymbolProperties
from local.engine.schedule import ScheduledEvent
from local.engine.security import Equity, Index, Security
from local.engine.security_changes import SecurityChanges
from local.engine.selector_universes import Fundamental
from local.engine.slice import Slice
from local.engine.symbol import SecurityIdentifier, Symbol, SymbolCache
from local.engine.time_zones import TimeZones
from local.engine.volatility_models import (
    BaseVolatilityModel,
    IndicatorVolatilityModel,
    RelativeStandardDeviationVolatilityModel,
    StandardDeviationOfReturnsVolatilityModel,
    VolatilityModel,
)

CoarseFundamental = FineFundamental = Fundamental
DynamicData = PythonData
