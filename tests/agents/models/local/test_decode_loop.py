"""The decode loop gives the texts of stock `generate`, with less work, for every family that it is used with."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models
import torch
from PIL import Image

from consult.agents.models import Choice, Message, ModelError, Prompt, Reply, Request, Role, open_model
from consult.agents.models.local.decode_loop import Work, _Prompt, groups
from consult.agents.models.local.prefix_cache import KeptPrompt, Tokens
from consult.agents.models.local.transformers_model import TransformersModel
from consult.errors import ModelWarning
from consult.scenarios import Photograph

LOOPED = [name for name in tiny_models.FAMILIES if name != "gemma3"]
WORDS = [
    "I",
    "have",
    "a",
    "rash",
    "on",
    "both",
    "hands",
    "and",
    "it",
    "itches",
    "badly",
    "at",
    "night",
    "and",
    "in",
    "the",
    "morning",
]
OPTIONS = ("eczema", "hives", "contact dermatitis")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TransformersModel]:
    root = tmp_path_factory.mktemp("looped")
    opened = {name: open_model(str(build(root / name))) for name, build in tiny_models.FAMILIES.items()}
    return {name: model for name, model in opened.items() if isinstance(model, TransformersModel)}


def photograph(seed: int, width: int = 96, height: int = 64) -> Photograph:
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Photograph(f"photo-{seed}-{width}", lambda: Image.fromarray(pixels))


def requests(seeing: bool, count: int = 14) -> list[Request]:
    """Prompts of 1 to 40 words, with and without photographs, free or with a choice, ending after 1 to 24 tokens."""
    rng, made = np.random.default_rng(5), []
    for i in range(count):
        said = " ".join(rng.choice(WORDS, 1 + 3 * i))
        shown = (photograph(i, 64 + 32 * (i % 3)),) if seeing and i % 3 != 1 else ()
        choice = Choice(OPTIONS) if i % 4 == 3 else None
        prompt = Prompt((Message("user", said, shown),), int(rng.integers(1, 25)), choice=choice)
        made.append(Request((i,), "attending", "action", 0, prompt, i, 0.9, 0.95))
    return made


def told(replies: list[Reply]) -> list[tuple[Any, ...]]:
    return [(one.text, one.tokens_in, one.tokens_out) for one in replies]


@pytest.mark.parametrize("family", LOOPED)
def test_texts_are_those_of_stock_generate(
    models: dict[str, TransformersModel], family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, asked = models[family], requests(seeing=family != "llama")
    assert model.loop is not None
    looped = model.generate(asked)
    alone = [model.generate([one])[0] for one in asked]
    monkeypatch.setattr(model, "loop", None)
    stock = model.generate(asked)
    assert told(looped) == told(alone) == told(stock)
    chosen = [(a.probability, b.probability) for a, b in zip(looped, stock, strict=True) if a.probability is not None]
    assert chosen and all(a == pytest.approx(b, rel=1e-3) for a, b in chosen)
    assert len({one.text for one in looped}) > 5


def test_a_second_batch_does_not_see_the_positions_of_the_first(models: dict[str, TransformersModel]) -> None:
    model = models["qwen2_5_vl"]
    seen, bare = requests(seeing=True), requests(seeing=False)
    first = told(model.generate(bare))
    model.generate(seen)
    assert told(model.generate(bare)) == first


def test_a_family_with_sliding_windows_uses_stock_generate(models: dict[str, TransformersModel]) -> None:
    model = models["gemma3"]
    assert model.loop is None and model.info.details["decoding"] == "stock generate"
    assert all(name == "gemma3" or "decoding" not in models[name].info.details for name in models)


def test_a_model_whose_keys_change_with_the_length_computes_each_prompt_anew(tmp_path: Path) -> None:
    places = tiny_models.HIDDEN // tiny_models.HEADS // 2
    factors = {"short_factor": [1.0] * places, "long_factor": [4.0] * places, "factor": 8.0}
    rope = {"rope_type": "longrope", "rope_theta": 10000.0, "original_max_position_embeddings": 120, **factors}
    model = open_model(str(tiny_models.llama(tmp_path / "long", rope_parameters=rope)))
    grown = [
        Request((1,), "attending", "action", 0, Prompt((Message("user", " ".join(WORDS * i)),), 12), i, 0.9, 0.95)
        for i in range(1, 8)
    ]
    after_shorter = [model.generate([one])[0] for one in grown]
    assert min(one.tokens_in for one in after_shorter) < 120 < max(one.tokens_in for one in after_shorter)
    fresh = open_model(str(tmp_path / "long"))
    assert told(after_shorter) == told([fresh.generate([one])[0] for one in reversed(grown)][::-1])


def test_ended_rows_leave_and_prompts_of_similar_length_are_read_together(models: dict[str, TransformersModel]) -> None:
    model = models["llama"]
    assert model.loop is not None
    assert model.loop.kept is not None
    model.loop.kept.clear()
    model.loop.work = Work()
    replies = model.generate(requests(seeing=False))
    work = model.loop.work
    used = [reply.tokens_in for reply in replies]
    assert work.prompt_tokens == sum(used) and work.tokens == sum(reply.tokens_out for reply in replies)
    # Padded to the longest prompt, and computed to the longest reply, it would be much less.
    assert sum(used) >= 0.87 * work.prompt_places and work.tokens >= 0.9 * work.row_steps


def test_a_batch_that_does_not_fit_is_halved_and_nothing_is_lost(
    models: dict[str, TransformersModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, asked, sizes = models["llama"], requests(seeing=False), []
    whole, generate = model.generate(asked), model._generate

    def small(some: Sequence[Request]) -> list[Reply]:
        sizes.append(len(some))
        if len(some) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return generate(some)

    monkeypatch.setattr(model, "_generate", small)
    monkeypatch.setattr(model, "_most", None)
    with pytest.warns(ModelWarning, match=r"a batch of 7 requests of '.*llama' does not fit .*; continuing with 3"):
        assert told(model.generate(asked)) == told(whole)
    assert sizes == [14, 7, 3, 3, 1, 3, 3, 1]
    sizes.clear()
    assert told(model.generate(asked)) == told(whole) and max(sizes) == 3


def test_a_request_that_does_not_fit_alone_is_told(
    models: dict[str, TransformersModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(some: Sequence[Request]) -> list[Reply]:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(models["llama"], "_generate", full)
    with pytest.raises(ModelError, match=r"too small for one request of '.*llama'; give a smaller model"):
        models["llama"].generate(requests(seeing=False)[:1])


@pytest.mark.parametrize(
    ("rests", "found"),
    [
        ([], []),
        ([7], [[0]]),
        ([100, 10, 112, 14, 300], [[1, 3], [0, 2], [4]]),
        ([2, 30, 31, 40], [[0, 1, 2], [3]]),
        ([300, 330, 400, 401], [[0, 1], [2, 3]]),
    ],
)
def test_groups_hold_prompts_with_about_as_many_tokens_to_read(rests: list[int], found: list[list[int]]) -> None:
    prompts = [_Prompt(at, Tokens((0,) * rest), None, 0, 0) for at, rest in enumerate(rests)]
    assert [[prompt.at for prompt in group] for group in groups(prompts)] == found


def test_a_photograph_that_is_known_is_not_cut_in_two() -> None:
    """The second prompt may be read from 6 tokens before its end at most: its photograph ends there."""
    known = KeptPrompt(Tokens((0,) * 20), (torch.zeros(2, 1, 20, 1),), 0)
    first = _Prompt(0, Tokens((0,) * 30), None, 0, 0)
    second = _Prompt(1, Tokens((0,) * 20, ("a",)), known, 18, 14)
    assert (first.rest, second.rest, second.most) == (30, 2, 6)
    assert [[prompt.at for prompt in group] for group in groups([first, second])] == [[1], [0]]


# -- prompts that begin as earlier ones ----------------------------------------------------------------------------


def conversation(seeing: bool) -> list[list[Request]]:
    """Prompts of 5 consultations that grow by a sentence each turn, with two roles, as waves."""
    rng, waves = np.random.default_rng(2), []
    said = [[" ".join(rng.choice(WORDS, 4 + 5 * who))] for who in range(5)]
    for turn in range(4):
        wave = []
        for who in range(5):
            said[who].append(" ".join(rng.choice(WORDS, int(rng.integers(2, 9)))))
            shown = (photograph(who, 64 + 32 * (who % 3)),) if seeing and who != 1 else ()
            heard = Message("user", ". ".join(said[who]), shown)
            roles: tuple[Role, ...] = ("attending", "specialist")
            for role in roles[: 1 + turn % 2]:
                prompt = Prompt((Message("system", f"You are the {role}."), heard), 8)
                wave.append(Request((who, turn, role), role, "action", 0, prompt, 7 * who + turn, 0.9, 0.95))
        waves.append(wave)
    return waves


@pytest.mark.parametrize("family", LOOPED)
def test_texts_do_not_depend_on_what_is_known(
    models: dict[str, TransformersModel], family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, waves = models[family], conversation(seeing=family != "llama")
    assert model.loop is not None and model.loop.kept is not None
    model.loop.kept.clear()
    model.loop.work = Work()
    known = [told(model.generate(wave)) for wave in waves]
    work = model.loop.work
    assert work.known_tokens > 0.4 * (work.known_tokens + work.prompt_tokens)
    monkeypatch.setattr(model.loop, "kept", None)
    assert known == [told(model.generate(wave)) for wave in waves]
    assert len({text for wave in known for text, *_ in wave}) > 10


def test_texts_do_not_depend_on_the_devices_of_the_layers(
    models: dict[str, TransformersModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a layer on each device: states that are not stacked with those of the other layers."""
    model, waves = models["qwen2_5_vl"], conversation(seeing=True)
    assert model.loop is not None and model.loop.kept is not None
    model.loop.kept.clear()
    together = [told(model.generate(wave)) for wave in waves]
    model.loop.kept.clear()
    numbers = itertools.count()
    monkeypatch.setattr("consult.agents.models.local.key_values._device", lambda states: next(numbers) // 2)
    apart = [told(model.generate(wave)) for wave in waves]
    kept, _ = model.loop.kept.longest(tokens_of(model, conversation(seeing=False)[0][1]))
    model.loop.kept.clear()
    assert apart == together and kept is not None and len(kept.states) == tiny_models.LAYERS


def test_a_photograph_is_looked_at_once(models: dict[str, TransformersModel], monkeypatch: pytest.MonkeyPatch) -> None:
    model = models["llava"]
    assert model.loop is not None and model.loop.kept is not None
    model.loop.kept.clear()
    looks: list[int] = []
    tower = model.model.model.get_image_features

    def look(*given: Any, **named: Any) -> Any:
        looks.append(len(named["pixel_values"]))
        return tower(*given, **named)

    monkeypatch.setattr(model.model.model, "get_image_features", look)
    prompts = [
        Request((turn,), "attending", "action", 0, Prompt((Message("user", said, (photograph(3),)),), 4), turn)
        for turn, said in enumerate(["a rash", "a rash on both hands", "a rash on both hands that itches"])
    ]
    for request in prompts:
        model.generate([request])
    assert looks == [1]
    other = replace(prompts[2], prompt=Prompt((Message("user", "a rash", (photograph(4),)),), 4))
    model.generate([other])
    assert looks == [1, 1]


def test_nothing_is_kept_of_a_model_that_is_trained(models: dict[str, TransformersModel]) -> None:
    trained = TransformersModel(models["llama"].base, "tiny", trained=True)
    assert trained.loop is not None and trained.loop.kept is None


def test_a_full_memory_releases_what_is_kept(
    models: dict[str, TransformersModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, asked = models["llama"], requests(seeing=False)
    assert model.loop is not None and model.loop.kept is not None
    kept, most, generate = model.loop.kept, model.loop.kept.most, model._generate
    model.generate(asked)
    assert kept.longest(tokens_of(model, asked[-1]))[1] > 0

    def full_once(some: Sequence[Request]) -> list[Reply]:
        monkeypatch.setattr(model, "_generate", generate)
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(model, "_generate", full_once)
    monkeypatch.setattr(model, "_most", None)
    monkeypatch.setattr(kept, "most", most)
    monkeypatch.setattr(model, "generate", lambda some: [])
    with pytest.warns(ModelWarning, match="does not fit"):
        model._generate_or_halve(asked)
    assert kept.longest(tokens_of(model, asked[-1])) == (None, 0) and kept.most == most // 2


def tokens_of(model: TransformersModel, request: Request) -> Tokens:
    return Tokens(tuple(tiny_models.inputs(model, [request])["input_ids"][0].tolist()))
