"""The page of one consultation: whole, safe, and without a script."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from consult.envs.config import RoleConfig, RunConfig
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.render.page import DEMONSTRATION, POLICY, consultation_page, data_url
from consult.scenarios import load_scenario

PANEL = Path(__file__).parents[1] / "data" / "panel.yaml"
# Not what a placeholder looks like, which a doctor may not say.
EVIL = '[red]x[/red] </script> <img src=x onerror="alert(2)" \x1b[31mred'

Paged = Callable[..., str]


class Tags(HTMLParser):
    """Collects tags and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture
def paged(tmp_path: Path) -> Paged:
    def page(models: str | None = None, **replies: list[Any]) -> str:
        data = yaml.safe_load(PANEL.read_text(encoding="utf-8"))
        data["replies"] |= {name.replace("__", "."): entries for name, entries in replies.items()}
        script = tmp_path / "script.yaml"
        script.write_text(yaml.safe_dump(data), encoding="utf-8")
        scenario, role = load_scenario("derm34"), RoleConfig(model=f"scripted:{script}")
        config = RunConfig(
            scenario="derm34",
            cases=("test-0007",),
            temperaments=("melancholic",),
            patient=role,
            triage=role,
            specialist=role,
            attending=role,
        )
        with Store(tmp_path / "page.db") as store:
            Runner(scenario, config, Models.open(config), store).run()
            row, run = store.consultation("r1.1"), store.run("r1")
            assert row is not None and run is not None
            run = run if models is None else {**run, "models": models}
            return consultation_page(row, store.acts("r1.1"), scenario.case("test-0007"), scenario, run)

    return page


def test_the_page_tells_the_consultation(paged: Paged) -> None:
    page = paged()
    assert "<title>derm34 · test-0007 · melancholic</title>" in page
    for expected in (
        "Camille",
        "→ dermatology",
        "How long have you had it?",
        "temperature: there is no fever",
        "It looks like it.",
        "They agree.",
        "✘ wrong: it was chronic lichen",
        "0/3 right",
        "it&#x27;s on my ankle bone",
        "Simulation, not medical advice.",
    ):
        assert expected in page


def test_the_page_needs_no_script_and_nothing_from_elsewhere(paged: Paged) -> None:
    tags = Tags(paged()).tags
    assert not {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in tags}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    links, places = {a["href"] for _, a in tags if "href" in a}, {f"#{a['id']}" for _, a in tags if "id" in a}
    assert {"#t0", "#t3"} <= links <= places
    policies = [a["content"] for tag, a in tags if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [POLICY] == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_every_tag_that_is_opened_is_closed(paged: Paged) -> None:
    page = paged()
    for tag in ("p", "section", "article", "details", "div", "main", "table", "tr", "td", "th", "span", "b", "header"):
        assert len(re.findall(rf"<{tag}[\s>]", page)) == page.count(f"</{tag}>"), tag


def test_the_photograph_is_in_the_page(paged: Paged) -> None:
    (source,) = [a["src"] for tag, a in Tags(paged()).tags if tag == "img"]
    assert source is not None
    picture = Image.open(io.BytesIO(base64.b64decode(source.removeprefix("data:image/png;base64,"))))
    drawn = load_scenario("derm34").case("test-0007").photograph
    assert drawn is not None
    assert picture.size == (192, 192) and picture.tobytes() == drawn.load().tobytes()


def test_what_a_model_says_is_escaped(paged: Paged) -> None:
    page = paged(attending__explanation=[EVIL], attending__reply=[EVIL], triage=[EVIL])
    assert "&lt;/script&gt; &lt;img src=x onerror=" in page and "[red]x[/red]" in page
    assert "\x1b" not in page
    tags = Tags(page).tags
    assert "script" not in {tag for tag, _ in tags}
    assert sum(tag == "img" for tag, _ in tags) == 1


def test_the_starter_is_called_a_demonstration(paged: Paged) -> None:
    assert DEMONSTRATION not in paged()
    assert DEMONSTRATION in paged(models='{"patient": "starter@0123", "attending": "mine"}')


def test_a_large_photograph_is_made_smaller() -> None:
    coded = data_url(Image.new("RGB", (2000, 1000), (200, 150, 120))).partition(",")[2]
    assert Image.open(io.BytesIO(base64.b64decode(coded))).size == (512, 256)
