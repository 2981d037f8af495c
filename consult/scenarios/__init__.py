"""Scenarios: named sets of cases with their labels, specialties, topics and wording."""

from consult.scenarios.case import URGENCIES, Card, Case, Fact, Photograph, Question, Truth, Urgency
from consult.scenarios.loading import BUILT_IN, load_scenario
from consult.scenarios.located_yaml import Problem, ScenarioError
from consult.scenarios.photographs import PhotographError, open_photograph
from consult.scenarios.scenario import Label, Scenario, UnknownNameError, nearest_first

__all__ = [
    "BUILT_IN",
    "URGENCIES",
    "Card",
    "Case",
    "Fact",
    "Label",
    "Photograph",
    "PhotographError",
    "Problem",
    "Question",
    "Scenario",
    "ScenarioError",
    "Truth",
    "UnknownNameError",
    "Urgency",
    "load_scenario",
    "nearest_first",
    "open_photograph",
]
