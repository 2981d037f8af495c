"""A model's licence: from its card, else from its configuration, else unknown."""

import json

import pytest

from consult.agents.models.local.licence import licence_of
from consult.agents.models.model_resolver import starter_folder

STATED = {
    "---\nlicense: mit\n---\n# A model": "mit",
    "---\nlibrary_name: peft\nlicense: gemma\n---": "gemma",
    "---\nlicense: other\nlicense_name: llama3.2\n---\n": "llama3.2",
    "---\nlicense:\n- cc-by-nc-4.0\n---\n": "cc-by-nc-4.0",
    "---\nlicense: other\nlicense_name: unknown\n---\n": None,
    "---\nlicense: [mit, gemma]\n---\n": None,
    "---\nlicense: 3\n---\n": None,
    "---\nlicense: {\n---\n": None,
    "license: mit": None,
    "": None,
}


@pytest.mark.parametrize("card", STATED)
def test_the_card_states_it(tmp_path, card):
    (tmp_path / "README.md").write_text(card)
    assert licence_of(tmp_path) == STATED[card]


def test_the_configuration_states_it_where_the_card_does_not(tmp_path):
    assert licence_of(tmp_path) is None
    (tmp_path / "config.json").write_text(json.dumps({"license": "apache-2.0"}))
    assert licence_of(tmp_path) == "apache-2.0"
    (tmp_path / "README.md").write_text("---\nlicense: mit\n---\n")
    assert licence_of(tmp_path) == "mit"


def test_a_broken_file_is_no_licence(tmp_path):
    (tmp_path / "README.md").write_bytes(b"---\nlicense: \xff\n---\n")
    (tmp_path / "config.json").write_text("[")
    assert licence_of(tmp_path) is None


def test_that_of_the_model_in_the_package():
    assert licence_of(starter_folder()) == "apache-2.0"
