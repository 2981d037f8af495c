"""Prompt formats: the prompts of each role, and the parsing of the replies."""

from consult.agents.prompt_formats.plain import PlainDialect
from consult.agents.prompt_formats.prompt_format import Dialect
from consult.agents.prompt_formats.starter import StarterDialect
from consult.agents.prompt_formats.tables import TablesDialect

DIALECTS: dict[str, Dialect] = {"plain": PlainDialect(), "starter": StarterDialect(), "tables": TablesDialect()}

__all__ = ["DIALECTS", "Dialect", "PlainDialect", "StarterDialect", "TablesDialect"]
