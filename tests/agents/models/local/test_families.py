"""Tiny random models of the families that people bring: each is opened as a folder and plays."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models
import torch
from amounts import handful
from PIL import Image

from consult.agents.models import Choice, Message, ModelError, Prompt, Request, open_model
from consult.agents.models.local.transformers_model import TransformersModel
from consult.agents.prompt_formats.answers import json_object
from consult.agents.prompt_formats.schemas import diagnosis_choice
from consult.cli.main import app
from consult.envs.store.write import Store
from consult.scenarios import Photograph

SEEING = [name for name in tiny_models.FAMILIES if name != "llama"]
ASKS = ("What is it?", "I have a rash on both hands. How long have you had it?", "For three weeks?")


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("families")
    return {name: build(root / name) for name, build in tiny_models.FAMILIES.items()}


@pytest.fixture(scope="session")
def adapters(folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root, base = tmp_path_factory.mktemp("adapters"), folders["qwen2_5_vl"]
    return tiny_models.adapter(root / "one", base, 1), tiny_models.adapter(root / "two", base, 2)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def short_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights seldom end an answer themselves: what they say is cut early, since its length proves nothing."""
    room = {"SPEECH": 8, "THOUGHT": 8, "EXPLANATION": 8, "ACTION": 32, "TRIAGE": 48, "DECISION": 48}
    for kind, tokens in room.items():
        monkeypatch.setattr(f"consult.agents.prompt_formats.plain.{kind}_TOKENS", tokens)
    monkeypatch.setattr("consult.agents.models.local.transformers_model.THOUGHT_TOKENS", 16)


def opened(folder: Path) -> TransformersModel:
    model = open_model(str(folder))
    assert isinstance(model, TransformersModel)
    return model


def photograph(seed: int, width: int = 96, height: int = 64) -> Photograph:
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Photograph(f"photo-{seed}-{width}", lambda: Image.fromarray(pixels))


def request(text: str, *shown: Photograph, seed: int = 0, tokens: int = 12, **more: Any) -> Request:
    prompt = Prompt((Message("system", "You are a doctor."), Message("user", text, shown)), tokens, **more)
    return Request((seed,), "attending", "action", 0, prompt, seed, 1.0)


def texts(model: TransformersModel, requests: list[Request]) -> list[str]:
    return [reply.text for reply in model.generate(requests)]


@pytest.mark.parametrize("family", SEEING)
def test_pictures_of_extreme_shapes_are_seen(folders: dict[str, Path], family: str) -> None:
    model = opened(folders[family])
    for width, height in ((20, 20), (10, 3000), (3000, 10), (1, 1)):
        (reply,) = model.generate([request("What is it?", photograph(1, width, height))])
        assert reply.tokens_out, (width, height)


# -- families ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("family", handful(tiny_models.FAMILIES, ("llama", "qwen3_vl").__contains__))
def test_it_plays_a_consultation(folders: dict[str, Path], family: str, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    call = ["simulate", "--model", str(folders[family]), "--case", "test-0003", "--max-turns", "4", "--json"]
    result = CliRunner().invoke(app, [*call, "--db", str(tmp_path / "a.db")])
    events = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    summary = events[-1]
    # Random weights may answer so badly that the run says so at its end.
    assert result.exit_code == bool(summary["unusable_roles"]), result.output
    assert summary["failed"] == 0 and summary["finished"] + summary["unfinished"] == 1
    # Held to a schema, random weights answer as asked as long as they come to an end in time.
    triage = next(entry for entry in summary["unusable"] if entry["role"] == "triage")
    assert triage["answers"] == 1
    assert {event["speaker"] for event in events if event["event"] == "turn"} == {"patient", "triage", "attending"}


@pytest.mark.parametrize("family", SEEING)
def test_a_batch_is_what_the_stock_processor_makes_of_each_prompt(folders: dict[str, Path], family: str) -> None:
    """One by one, and together with others: only the padding on the left is added."""
    model = opened(folders[family])
    assert model.info.sees and model.photographs is not None and not model.photographs.whole
    shown: list[tuple[Photograph, ...]] = [(photograph(1),), (), (photograph(2, 64, 128),)]
    asks = [request(ask, *each) for ask, each in zip(ASKS, shown, strict=True)]
    batch = tiny_models.inputs(model, asks)
    rows = [tiny_models.inputs(model, [ask]) for ask in asks]
    for i, (ask, each) in enumerate(zip(asks, shown, strict=True)):
        images = {"images": [[p.load() for p in each]]} if each else {}
        stock = model.processor(text=[model.text(ask.prompt)], **images, return_tensors="pt", add_special_tokens=False)
        assert set(stock) - set(rows[i]) == set()
        for name, tensor in stock.items():
            assert torch.equal(rows[i][name], tensor), name
        width = stock["input_ids"].shape[1]
        assert torch.equal(batch["input_ids"][i, -width:], stock["input_ids"][0])
        assert batch["attention_mask"][i].sum() == width


@pytest.mark.slow
@pytest.mark.parametrize("family", SEEING)
def test_the_same_texts_in_a_batch_and_one_by_one(folders: dict[str, Path], family: str) -> None:
    model = opened(folders[family])
    asks = [
        request(ask, *shown, seed=i)
        for i, (ask, shown) in enumerate(zip(ASKS, [(photograph(1),), (), (photograph(2, 64, 128),)], strict=True))
    ]
    assert texts(model, asks) == [texts(model, [ask])[0] for ask in asks]


@pytest.mark.parametrize("family", SEEING)
def test_the_photograph_reaches_the_model(folders: dict[str, Path], family: str) -> None:
    model = opened(folders[family])
    seen = [
        model.model(**tiny_models.inputs(model, [request("What?", photograph(i))])).logits[0, -1] for i in (1, 2, 1)
    ]
    assert not torch.equal(seen[0], seen[1]) and torch.equal(seen[0], seen[2])


@pytest.mark.parametrize("family", SEEING)
def test_a_photograph_is_processed_once(folders: dict[str, Path], family: str) -> None:
    model, loads = opened(folders[family]), []

    def load() -> Image.Image:
        loads.append(1)
        return photograph(7).load()

    shown = Photograph("once", load)
    for _ in range(2):
        tiny_models.inputs(model, [request("What is it?", shown), request("And?", shown)])
    assert len(loads) == 1


def test_kept_photographs_are_bounded(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    model = opened(folders["llava"])
    assert model.photographs is not None
    one = model.photographs._process(photograph(0).load()).size
    monkeypatch.setattr("consult.agents.models.local.photographs.KEPT_BYTES", 3 * one)
    for seed in range(9):
        tiny_models.inputs(model, [request("What is it?", photograph(seed))])
    assert len(model.photographs._kept) == 3 and model.photographs._size == 3 * one


def test_a_prompt_is_processed_whole_where_it_cannot_be_put_together(folders: dict[str, Path]) -> None:
    """The texts are the same either way."""
    model = opened(folders["gemma3"])
    asks = [request(ask, photograph(i), seed=i) for i, ask in enumerate(ASKS)]
    asks.append(request("And?", seed=9))
    before = texts(model, asks)
    assert model.photographs is not None
    model.photographs.whole = True
    assert texts(model, asks) == before


@pytest.mark.slow
def test_a_text_only_model_is_told_that_it_cannot_see(folders: dict[str, Path], tmp_path: Path) -> None:
    model = opened(folders["llama"])
    assert not model.info.sees and "photographs" not in model.info.details
    from improvising import played

    asked: list[Prompt] = []
    real = model.generate

    def generate(requests: Any) -> Any:
        asked.extend(r.prompt for r in requests if r.role not in ("patient", "assessor"))
        return real(requests)

    model.generate = generate  # type: ignore[method-assign]
    played(tmp_path / "a.db", model, 1, max_turns=3)
    assert asked and all("There is no photograph." in "".join(one.text for one in prompt.messages) for prompt in asked)


def test_it_tells_what_it_is(folders: dict[str, Path]) -> None:
    details = opened(folders["idefics3"]).info.details
    assert details["context"] == str(tiny_models.CONTEXT) and details["system role"] == "own"
    assert int(details["tokens a photograph"]) > 5 * 4  # four tiles and the whole, and what tells them apart
    assert (details["dtype"], details["device"], details["photographs"]) == ("float32", "cpu", "any number")


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_prompt_longer_than_the_context_fails_alone(folders: dict[str, Path], tmp_path: Path) -> None:
    model = opened(folders["llama"])
    longest = model.generate([request("Well?", tokens=1)])[0].tokens_in
    model.context = longest + 3
    with pytest.raises(ModelError, match=rf"longer than the context of .* \({longest + 3} tokens\); play fewer turns"):
        model.generate([request("Well?"), request("Well? " * 100)])
    limited = model.generate([request("Well?", seed=seed) for seed in range(8)])
    assert max(reply.tokens_in + reply.tokens_out for reply in limited) == model.context
    from improvising import played

    model.context = 1300
    summary, turns = played(tmp_path / "a.db", model, 2, max_turns=4)
    assert summary["failed"] == 2 and turns  # it had begun
    with Store(tmp_path / "a.db") as store:
        assert all("longer than the context" in row["error"] for row in store.consultations("r1"))


@pytest.mark.parametrize("kind", ["llama", "qwen3_vl", "gemma3"])
def test_the_label_of_a_schema_has_its_probability(folders: dict[str, Path], kind: str) -> None:
    model, labels = opened(folders[kind]), ("eczema", "contact dermatitis", "allergic contact dermatitis")
    text, label = {"type": "string", "minLength": 1, "maxLength": 8}, {"type": "string", "enum": list(labels)}
    properties = {
        "findings": text,
        "diagnosis": label,
        "differential": {"type": "array", "items": label, "maxItems": 2},
    }
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    asks = [
        request("Well?", seed=seed, tokens=200, schema=schema, choice=diagnosis_choice(labels)) for seed in range(4)
    ]
    replies = model.generate(asks)
    for reply in replies:
        assert (json_object(reply.text) or {})["diagnosis"] in labels
        assert reply.probability is not None and 0 < reply.probability < 1
    # Without the choice the text is as valid, and there is no probability.
    free = model.generate([replace(ask, prompt=replace(ask.prompt, choice=None)) for ask in asks])
    assert all((json_object(reply.text) or {})["diagnosis"] in labels and reply.probability is None for reply in free)


def test_options_that_the_schema_does_not_allow_are_given_up(folders: dict[str, Path]) -> None:
    model = opened(folders["llama"])
    schema = {"type": "string", "enum": ["eczema", "hives"]}
    spaced = Choice((' eczema"', ' hives"'), after='"')
    (reply,) = model.generate([request("Well?", tokens=40, schema=schema, choice=spaced)])
    assert json.loads(reply.text) in ("eczema", "hives") and reply.probability is None


def test_an_answer_keeps_to_its_schema(folders: dict[str, Path]) -> None:
    model = opened(folders["qwen3_vl"])
    properties = {"urgency": {"enum": ["routine", "soon"]}}
    schema: dict[str, Any] = {"type": "object", "properties": properties, "required": ["urgency"]}
    schema["additionalProperties"] = False
    asks = [request("Well?", photograph(1), seed=seed, tokens=24, schema=schema) for seed in range(4)]
    asks += [request("Well?", seed=9), request("Well?", seed=10, schema={"type": "boolean"})]
    replies = texts(model, asks)
    assert all(json.loads(text)["urgency"] in ("routine", "soon") for text in replies[:4])
    assert json.loads(replies[5]) in (True, False)
    # A row without a schema is as free as it is alone.
    assert replies[4] == texts(model, [asks[4]])[0]


def test_a_schema_waits_for_the_thought_before_it(folders: dict[str, Path]) -> None:
    model = opened(folders["llama"])
    free = texts(model, [request("Well?", seed=3)])[0]
    first = model.tokenizer.decode(model.tokenizer.encode(free, add_special_tokens=False)[:1])
    held = texts(model, [request("Well?", seed=3, schema={"const": "so"}, schema_after=first)])[0]
    assert held == f'{first}"so"'
    never = texts(model, [request("Well?", seed=3, schema={"const": "so"}, schema_after="</think>")])[0]
    assert never == free


@pytest.mark.slow
def test_without_xgrammar_an_answer_is_free(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consult.agents.models.local.json_grammar.is_available", lambda: False)
    model = opened(folders["llama"])
    assert model.info.details["schemas"] == "not kept"
    assert texts(model, [request("Well?", schema={"const": 1})]) == texts(model, [request("Well?")])
    from improvising import played

    summary, _ = played(tmp_path / "a.db", model, 1, max_turns=3)
    told = {entry["role"]: entry for entry in summary["unusable"]}
    assert summary["failed"] == 0 and told["triage"]["unusable"] == told["triage"]["answers"] == 1


@pytest.mark.slow
def test_a_thinking_model_speaks_without_its_thoughts(tmp_path: Path) -> None:
    """Its template begins each reply with a thought, which is closed; a thought of its own is not said."""
    template = tiny_models.read("qwen3_5_think")
    model = opened(tiny_models.llama(tmp_path / "thinker", template))
    text = model.text(request("Well?").prompt)
    assert text.count("<think>") == text.count("</think>") > 0
    from improvising import played

    summary, turns = played(tmp_path / "a.db", model, 1, max_turns=3, strategy="reasoning")
    assert summary["failed"] == 0
    assert not any("<think>" in turn["text"] for turn in turns)


@pytest.mark.slow
@pytest.mark.parametrize("template", ["gemma", "phi3"])
def test_odd_templates_play(template: str, tmp_path: Path) -> None:
    """One refuses a system message and takes strings alone, the other takes strings."""
    from improvising import played

    model = opened(tiny_models.llama(tmp_path / template, tiny_models.read(template)))
    assert model.info.details["system role"] == ("folded" if template == "gemma" else "own")
    summary, _ = played(tmp_path / "a.db", model, 1, max_turns=3)
    assert summary["failed"] == 0


# -- adapters ----------------------------------------------------------------------------------------------------------


def test_adapters_share_one_base_and_leave_it_as_it_was(folders: dict[str, Path], adapters: tuple[Path, Path]) -> None:
    asks = [request(ask, photograph(i), seed=i) for i, ask in enumerate(ASKS)]
    base = opened(folders["qwen2_5_vl"])
    bare, parameters = texts(base, asks), base.info.details["parameters"]
    one, two = (opened(folder) for folder in adapters)
    assert one.base is two.base is base.base
    first, second = texts(one, asks), texts(two, asks)
    assert bare != first != second != bare
    # In any order, and the base as if there were no adapters.
    assert (texts(base, asks), texts(two, asks), texts(one, asks)) == (bare, second, first)
    assert len({model.info.revision for model in (base, one, two)}) == 3
    assert opened(adapters[0]).adapter == one.adapter and one.info.details["parameters"] == parameters


@pytest.mark.slow
def test_an_adapter_plays_beside_another_one(adapters: tuple[Path, Path], tmp_path: Path) -> None:
    from typer.testing import CliRunner

    call = ["simulate", "--model", str(adapters[0]), "--triage", str(adapters[1]), "--case", "test-0003", "--json"]
    result = CliRunner().invoke(app, [*call, "--max-turns", "3", "--db", str(tmp_path / "a.db")])
    summary = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")][-1]
    assert result.exit_code == bool(summary["unusable_roles"]), result.output
    assert summary["failed"] == 0
    assert len({entry["model"] for entry in summary["unusable"]}) == 2


def test_the_base_of_an_adapter_may_lie_beside_it(folders: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "base").symlink_to(folders["llama"])
    folder = tiny_models.adapter(tmp_path / "adapter", folders["llama"], named="../base")
    assert not opened(folder).info.sees


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"base_model_name_or_path": None}, "does not name its base"),
        ({"base_model_name_or_path": "/no/such/folder"}, "cannot be loaded"),
        ({"base_model_name_or_path": "../other"}, "adapter itself"),
        ({"peft_type": "NO_SUCH"}, "cannot be loaded"),
        ({"r": 2}, "cannot be loaded"),
        ({"target_modules": ["no_such_layer"]}, "cannot be loaded"),
        ({"target_modules": ["q_proj"]}, "was not made for the base"),
    ],
)
def test_an_adapter_that_cannot_be_laid_on(
    folders: dict[str, Path], tmp_path: Path, change: dict[str, Any], sentence: str
) -> None:
    folder = tiny_models.adapter(tmp_path / "adapter", folders["llama"])
    shutil.copytree(folder, tmp_path / "other")
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(ModelError, match=sentence):
        open_model(str(folder))


def test_an_adapter_of_pickled_weights_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = tiny_models.adapter(tmp_path / "adapter", folders["llama"])
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(ModelError, match="has only pickled weights"):
        open_model(str(folder))


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_code_of_its_own_is_never_run(folders: dict[str, Path], tmp_path: Path) -> None:
    folder = tiny_models.llama(tmp_path / "own")
    config = json.loads((folder / "config.json").read_text())
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    code = {"auto_map": {"AutoConfig": "evil.Config"}}
    (folder / "config.json").write_text(json.dumps({**config, **code, "model_type": "own"}))
    with pytest.raises(ModelError, match="needs its own code"):
        open_model(str(folder))
    # A kind that transformers has is opened without that code.
    (folder / "config.json").write_text(json.dumps({**config, **code}))
    assert opened(folder).info.backend == "transformers"
    assert not (tmp_path / "ran").exists()


def test_weights_that_are_lacking_are_told(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tiny_models.llama(tmp_path / "partial")
    weights = load_file(folder / "model.safetensors")
    weights.pop("model.layers.1.mlp.up_proj.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="lacks 1 of its weights"):
        open_model(str(folder))
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match="lacks 1 file of weights"):
        open_model(str(folder))
