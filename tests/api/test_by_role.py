"""Sampling and thinking by role: one meaning on the command line, in TOML and in Python; stored, and sent."""

import json

import clinic
import pytest
import rude
from command_line import consult as type_in

import consult
from consult.envs.benchmark.grid_file import Source, make_grid
from consult.envs.by_role import by_role
from consult.envs.config import RoleConfig, RunConfig
from consult.envs.store.write import Store
from consult.errors import UserError


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, {}),
        (0, {"all": 0}),
        ("0.3", {"all": 0.3}),
        (["0.3", "triage=0"], {"all": 0.3, "triage": 0}),
        ({"attending": 1}, {"attending": 1}),
        ("triage = 0.2", {"triage": 0.2}),
    ],
)
def test_values_by_role_are_read(given, read):
    assert by_role("temperature", given) == read


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("temperature", "hot", "'temperature' cannot be 'hot', only a number from 0 to 5; give another value"),
        ("temperature", 5.1, "cannot be 5.1"),
        ("temperature", True, "cannot be true"),
        ("temperature", float("nan"), "cannot be nan"),
        ("top_p", 0, "'top_p' cannot be 0, only a number above 0, up to 1"),
        ("max_tokens", "1.5", "a whole number from 1 to 131,072"),
        ("max_tokens", 0, "'max_tokens' cannot be 0"),
        ("max_tokens", "9" * 5000, "cannot be '999"),
        ("thinking", "maybe", "'thinking' cannot be 'maybe', only auto, on or off"),
        ("thinking", "triage=", "cannot be ''"),
        ("temperature", "nurse=0.3", "no role 'nurse'; there are: "),
    ],
)
def test_wrong_values_get_one_sentence(name, given, words):
    with pytest.raises(UserError) as caught:
        by_role(name, given)
    assert words in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 200


def test_the_command_line_names_its_option():
    for words, said in (
        (("--top-p", "triage=7"), "'--top-p' cannot be '7', only a number above 0, up to 1; give another value"),
        (("--max-tokens", "x"), "'--max-tokens' cannot be 'x'"),
        (("--thinking", "doctor=on"), "no role 'doctor'"),
    ):
        done = type_in("simulate", "--cases", "1", *words)
        assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


@pytest.fixture
def server():
    with clinic.serving(clinic.polite) as served:
        yield served


def configured(store, run):
    (row,) = [one for one in store.runs() if one["id"] == run]
    return RunConfig.model_validate_json(row["config"])


FLAGS = ("--temperature", "0.2", "--temperature", "triage=0", "--top-p", "attending=0.5", "--max-tokens",
         "specialist=77", "--thinking", "patient=on")  # fmt: skip


def test_flags_reach_the_server_the_store_and_whoever_reads_it(server, tmp_path):
    db = tmp_path / "a.db"
    done = type_in("simulate", "--model", f"{server.base}#tiny", "--cases", "1", "--db", db, *FLAGS)
    assert done.returncode == 0
    by = {name: [b for b in server.asked if clinic.role_of(b) == name] for name in (*clinic.WORDS, "patient")}
    assert {b["temperature"] for b in by["triage"]} == {0}
    assert {b["max_tokens"] for b in by["specialist"]} == {77} and {b["temperature"] for b in by["specialist"]} == {0.2}
    assert {b["top_p"] for b in by["attending"]} == {0.5} and {b["top_p"] for b in by["triage"]} == {0.95}
    switched = {name: {b["chat_template_kwargs"]["enable_thinking"] for b in bodies} for name, bodies in by.items()}
    assert True in switched.pop("patient") and set(map(frozenset, switched.values())) == {frozenset({False})}
    with Store(db) as store:
        config = configured(store, "r1")
    assert config.triage.temperature == 0 and config.patient.thinking == "on" and config.specialist.max_tokens == 77
    assert "temperature 0.2, top-p 0.95, 77 tokens" in " ".join(type_in("show", "r1", "--db", db).stdout.split())
    # The hints for the next command repeat what was asked for.
    assert "--max-tokens specialist=77" in done.stdout and "--thinking patient=on" in done.stdout


def test_python_toml_and_options_mean_the_same(server, tmp_path):
    values = {"all": 0.2, "triage": 0}
    run = consult.simulate(
        model=f"{server.base}#tiny", cases=1, db=tmp_path / "a.db", temperature=values, max_tokens=99
    )
    with Store(tmp_path / "a.db") as store:
        config = configured(store, run.id)
    assert (config.triage.temperature, config.patient.temperature, config.attending.max_tokens) == (0, 0.2, 99)
    grid = make_grid(Source("g.toml", "", {"temperature": {"all": 0.2, "triage": 0}, "max_tokens": 99}), {})
    assert grid.temperature == {"all": 0.2, "triage": 0} and grid.max_tokens == {"all": 99}
    assert "triage = 0" in grid.toml(3) and "top_p" not in grid.toml(3)
    again = make_grid(Source("h.toml", "", __import__("tomllib").loads(grid.toml(3))), {})
    assert again.temperature == grid.temperature


def test_a_wrong_value_in_a_file_is_told_with_its_line(tmp_path):
    (tmp_path / "g.toml").write_text('cases = 1\n\n[temperature]\ntriage = "hot"\n')
    done = type_in("benchmark", "--config", tmp_path / "g.toml", "--yes", "--db", tmp_path / "a.db")
    assert done.returncode == 2 and "g.toml" in done.stderr and "'temperature' cannot be 'hot'" in done.stderr


@pytest.mark.slow
def test_a_benchmark_plays_by_them(server, tmp_path):
    done = type_in(
        "benchmark", "--model", f"{server.base}#tiny", "--cases", "1", "--strategies", "no-dialogue", "--no-solo",
        "--assessor", "none", "--temperature", "attending=0", "--yes", "--json", "--db", tmp_path / "a.db",
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    bodies = [b for b in server.asked if clinic.role_of(b) == "attending"]
    assert bodies and {b["temperature"] for b in bodies} == {0}
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["unusable_roles"] == []


def test_runs_of_before_keep_their_digest():
    config = RunConfig(scenario="derm34", cases=("test-0000",), temperaments=("choleric",))
    assert config.digest() == "553c3b808b450f5e"
    assert config.model_copy(update={"triage": RoleConfig(temperature=0.3, max_tokens=9)}).digest() != config.digest()
    own = {"specialists": {"dentistry": RoleConfig()}}
    assert config.model_copy(update=own).digest() == "54735ff8ad773e79"


def test_a_thought_is_stored_apart_and_reaches_no_other_role(tmp_path):
    """Each role thinks of itself by name; its thought is in no prompt of another role."""

    def musing(text, body):
        role = clinic.role_of(body)
        thinks = body["chat_template_kwargs"]["enable_thinking"]
        return clinic.message(content=text, **({"reasoning_content": f"secret of the {role}"} if thinks else {}))

    with clinic.serving(musing) as server:
        reference = f"{server.base}#tiny"
        run = consult.simulate(model=reference, cases=1, db=tmp_path / "a.db", thinking="on", max_tokens=300)
        bodies = server.asked
    for body in bodies:
        others = {*clinic.WORDS, "patient"} - {clinic.role_of(body)}
        assert not any(f"secret of the {name}" in clinic.asked(body) for name in others)
    assert {body["max_tokens"] for body in bodies} >= {300 + 1024}
    prompts = run["r1.1"].prompts
    assert {one.thought for one in prompts if one.role == "specialist"} == {"secret of the specialist"}
    with Store(tmp_path / "a.db") as store:
        acts = store.acts("r1.1")
    assert {one.thought for one in prompts if one.role == "triage"} == {"secret of the triage"}
    assert not any("secret" in act.text for act in acts)


@pytest.mark.parametrize(
    ("flags", "strategy", "on"),
    [((), "dialogue", False), ((), "reasoning", True), (("--thinking", "off"), "reasoning", False),
     (("--thinking", "on"), "dialogue", True)],
)  # fmt: skip
def test_auto_thinks_in_the_strategy_reasoning_if_the_model_can(tmp_path, flags, strategy, on):
    def switched(handler, body):
        thinks = body.get("chat_template_kwargs", {}).get("enable_thinking")
        said = "Yes." if rude.is_probe(body) else clinic.said(body)
        return clinic.message(content=said, **({"reasoning": "Hm."} if thinks else {}))

    with rude.Server(switched) as server:
        type_in("simulate", "--model", f"{server.base}#tiny", "--cases", "1", "--db", tmp_path / "a.db",
                "--strategy", strategy, *flags)  # fmt: skip
        asked = [body for body in server.asked if clinic.role_of(body) == "triage"]
    assert {body["chat_template_kwargs"]["enable_thinking"] for body in asked} == {on}


def test_a_switch_without_effect_is_said(server, tmp_path):
    done = type_in("simulate", "--model", f"{server.base}#tiny", "--cases", "1", "--db", tmp_path / "a.db",
                   "--thinking", "triage=on")  # fmt: skip
    assert "--thinking on may change nothing for triage" in done.stderr
