"""Dialects: the words in which each role is asked, and how the answers are read."""

from consult.agents.dialects.dialect import Dialect
from consult.agents.dialects.plain import PlainDialect
from consult.agents.dialects.starter import StarterDialect
from consult.agents.dialects.tables import TablesDialect

DIALECTS: dict[str, Dialect] = {"plain": PlainDialect(), "starter": StarterDialect(), "tables": TablesDialect()}

__all__ = ["DIALECTS", "Dialect", "PlainDialect", "StarterDialect", "TablesDialect"]
