"""`consult view`: what its pages tell, that they are safe, and that they are only read."""

from __future__ import annotations

import io
import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest
from injections import STRINGS
from PIL import Image
from starlette.testclient import TestClient

from consult.agents.assessors.rubric import ITEMS, Verdict, not_scored
from consult.agents.prompt_formats.clean import clean
from consult.cli.web.pages import MOST
from consult.cli.web.server import HEADERS, application
from consult.envs.config import RoleConfig, RunConfig
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.migrations import READABLE
from consult.envs.store.readonly import ReadOnlyStore
from consult.envs.store.write import Store
from consult.errors import StoreError
from consult.render.stored import _loaded
from consult.scenarios import load_scenario

PANEL = Path(__file__).parents[2] / "data" / "panel.yaml"
ROLE = RoleConfig(model=f"scripted:{PANEL}")
ROLES = dict.fromkeys(("patient", "triage", "specialist", "attending"), ROLE)
PAGES = ("/", "/runs/r1", "/consultations/r1.1", "/compare?left=r1.1&right=r2.1", "/compare", "/runs/r9", "/nowhere")
TRUTH = dict.fromkeys(("truth", "true_specialty", "true_urgency", "style", "skin_type", "demo"))


class Parsed(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said.append(data.strip())

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """All but the menus, which offer what has no control characters in it."""
        return [(tag, tuple(attributes)) for tag, attributes in self.tags if tag != "option"]

    def all(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(attribute)) is not None]


def play(db: Path, scenario: str = "derm34", **more: Any) -> None:
    config = RunConfig(**{"scenario": scenario, **ROLES, **more})
    with Store(db) as store:
        Runner(load_scenario(scenario), config, Models.open(config), store).run()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs on the same two cases: r1 under two temperaments, judged by two assessors, and r2 without dialogue."""
    db = tmp_path_factory.mktemp("view") / "view.db"
    cases = ("test-0007", "test-0011")
    play(db, cases=cases, temperaments=("sanguine", "choleric"), all_temperaments=True)
    play(db, cases=cases, temperaments=("sanguine", "sanguine"), strategy="no-dialogue")
    yes = {item.key: Verdict(item.levels[-1], f"why {item.key}", (3, 99)) for item in ITEMS}
    no = {**yes, "1.1": Verdict(0, "nothing was asked"), "2.1": Verdict(None, "not decided: nobody can tell")}
    with Store(db) as store:
        store.keep_assessments("rules@1", [("r1.1", no), ("r1.2", yes)])
        store.keep_assessments("judge@0123456789abcdef", [("r1.1", not_scored("unusable answer: prose"))])
    return db


@pytest.fixture
def db(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path / "view.db"))


def asking(db: Path) -> TestClient:
    return TestClient(application(db), base_url="http://127.0.0.1:8765")


@pytest.fixture
def client(made: Path) -> TestClient:
    return asking(made)


def changed(db: Path, statement: str, *parameters: object) -> None:
    with sqlite3.connect(db) as connection:
        connection.execute(statement, parameters)
    connection.close()


def listed(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/consultations/[^"]+">([^<]+)</a>', page)


# -- what the pages tell -----------------------------------------------------------------------------------------------


def test_runs_are_listed_with_what_came_of_them(client: TestClient) -> None:
    page = client.get("/").text
    assert re.findall(r'<a href="/runs/(r\d)">', page) == ["r2", "r1"]
    assert "4 of 4" in page and "no-dialogue · panel" in page and "1 of 2" in page and "50%" in page
    assert "2 runs in view.db" in page and "Simulation, not medical advice." in page


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", ["r1.1", "r1.2", "r1.3", "r1.4"]),
        ("temperament=choleric", ["r1.2", "r1.4"]),
        ("case=0011", ["r1.3", "r1.4"]),
        ("case=%25", []),
        ("truth=chronic lichen", ["r1.1", "r1.2"]),
        ("diagnosis=eczema&temperament=sanguine", ["r1.1", "r1.3"]),
        ("diagnosis=-", []),
        ("result=right", ["r1.3", "r1.4"]),
        ("result=wrong", ["r1.1", "r1.2"]),
        ("result=sideways", []),
        ("status=failed", []),
        ("specialty=dermatology&urgency=routine&case=0007", ["r1.1", "r1.2"]),
        ("assessor=rules@1", ["r1.1", "r1.2"]),
        ("assessor=rules@1&item=1.1&value=0", ["r1.1"]),
        ("item=1.1&value=1", ["r1.2"]),
        ("item=4.1&value=2", ["r1.1", "r1.2"]),
        ("value=-", ["r1.1"]),
        ("assessor=rules@1&item=2.1&value=-", ["r1.1"]),
        ("assessor=rules@1&item=1.1&value=-", []),
        ("colour=red", ["r1.1", "r1.2", "r1.3", "r1.4"]),
    ],
)
def test_filters_choose(client: TestClient, query: str, wanted: list[str]) -> None:
    page = client.get(f"/runs/r1?{query}").text
    assert listed(page) == wanted
    assert f"{len(wanted)} consultation" in page and ("None is so." in page) == (not wanted)


def test_right_wrong_and_no_truth_are_told_apart(db: Path) -> None:
    decided = "UPDATE consultations SET correct = ?, correct_by = ?"
    changed(db, f"{decided}, diagnosis = truth WHERE id = 'r1.1'", 1, "match")
    changed(db, f"{decided}, diagnosis = truth, status = 'unfinished' WHERE id = 'r1.2'", 0, "match")
    failed = "status = 'failed', error = 'it burst', diagnosis = NULL"
    changed(db, f"{decided}, {failed} WHERE id = 'r1.3'", 0, "match")
    changed(db, f"{decided}, truth = NULL WHERE id = 'r1.4'", None, None)
    changed(db, f"{decided} WHERE id = 'r2.1'", 0, "unjudged")
    found = {kind: listed(asking(db).get(f"/runs/r1?result={kind}").text) for kind in ("right", "wrong", "no truth")}
    assert found == {"right": ["r1.1"], "wrong": ["r1.2", "r1.3"], "no truth": ["r1.4"]}
    assert listed(asking(db).get("/runs/r2?result=unjudged").text) == ["r2.1"]
    assert "1 unjudged" in asking(db).get("/").text and ">unjudged<" in asking(db).get("/runs/r2").text
    page = asking(db).get("/runs/r1").text
    assert "✔ right" in page and "unfinished" in page and "it burst" in page and "no truth" in page
    assert "33%" in page and "1 of 3" in page and "(1 failed)" in page


def test_the_form_shows_what_is_filtered_and_offers_what_there_is(client: TestClient) -> None:
    parsed = Parsed(client.get("/runs/r1?temperament=choleric&truth=mumps").text)
    options = [attributes["value"] for tag, attributes in parsed.tags if tag == "option"]
    chosen = [attributes["value"] for tag, attributes in parsed.tags if tag == "option" and "selected" in attributes]
    assert {"sanguine", "choleric", "chronic lichen", "rules@1", "judge@0123456789abcdef", "4.1"} <= set(options)
    assert [value for value in chosen if value] == ["mumps", "choleric"]
    assert "open" in next(attributes for tag, attributes in parsed.tags if tag == "details")


def test_a_consultation_is_told_with_its_verdicts_and_its_neighbours(client: TestClient) -> None:
    page = client.get("/consultations/r1.1").text
    parsed = Parsed(page)
    for expected in ("Camille", "→ dermatology", "How long have you had it?", "They agree.", "It looks like it."):
        assert expected in page
    assert "✘ wrong: it was chronic lichen" in page and "why 1.2" in page and "unusable answer: prose" in page
    assert next(attributes for tag, attributes in parsed.tags if tag == "details") == {"class": "thought"}
    judges = re.findall(r'<th scope="col">([^<]+)</th>', page)
    assert judges[:3] == ["item", "rules@1", "judge@0123456789"]
    row = re.search(r"<small>2.1</small>.*?</tr>", page)
    assert row is not None and ">not decided<" in row[0] and ">nobody can tell<" in row[0] and ">not scored<" in row[0]
    # A turn that there is not is named, but leads nowhere.
    assert '<a href="#t3">3</a>, 99</span>' in page
    anchors = [href for href in parsed.all("href") if href.startswith("#") and href != "#content"]
    assert {href[1:] for href in anchors} <= set(parsed.all("id"))
    assert {"/runs/r1", "/consultations/r1.2", "/compare?left=r1.1&right=r2.1"} <= set(parsed.all("href"))
    others = re.findall(r'<th scope="row"><a href="/consultations/[^"]+">([^<]+)</a>', page)
    assert others == ["r2.1", "r1.2"]


def test_two_are_told_side_by_side_with_what_differs(client: TestClient) -> None:
    page = client.get("/compare?left=r1.1&right=r1.2").text
    parsed, (differs,) = Parsed(page), re.findall(r'<table class="differences">.*?</table>', page, re.DOTALL)
    assert re.findall(r'<th scope="col">(.*?)</th>', differs) == ["r1.1", "r1.2"]
    assert "<td>sanguine</td><td>choleric</td>" in differs
    assert '<th scope="row">1.1 asks for history, by rules@1</th><td>no</td><td>yes</td>' in differs
    assert "Strategy" not in differs and "judge@" not in differs and "2.1" not in differs
    assert "The same in both: scenario, case, strategy" in page and "6 verdicts" in page
    ids = parsed.all("id")
    assert len(ids) == len(set(ids)) and {"l-t0", "r-t0"} <= set(ids)
    assert "Name both." in client.get("/compare?left=r1.1").text


def test_a_consultation_that_is_being_played_is_not_judged(db: Path) -> None:
    changed(db, "UPDATE runs SET status = 'running', pid = ? WHERE id = 'r2'", 2**22 + 1)
    changed(db, "UPDATE consultations SET status = 'running', diagnosis = NULL WHERE id = 'r2.1'")
    changed(db, "DELETE FROM turns WHERE consultation_id = 'r2.1' AND idx > 0")
    page = asking(db).get("/consultations/r2.1").text
    assert (
        "not concluded yet" in page and "being played, or interrupted" in page and "✘" not in page.split("elsewhere")[0]
    )
    assert "interrupted" in asking(db).get("/").text


def test_photographs_are_drawn_once_and_not_sent_twice(client: TestClient, db: Path) -> None:
    (source,) = Parsed(client.get("/consultations/r1.1").text).all("src")
    answer = client.get(source)
    drawn = load_scenario("derm34").case("test-0007").photograph
    assert drawn is not None and answer.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).tobytes() == drawn.load().tobytes()
    again = client.get(source, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "max-age" in answer.headers["cache-control"]
    before = _loaded.cache_info().misses
    for path in (source, "/consultations/r1.2", "/compare?left=r1.1&right=r2.1"):
        assert client.get(path).status_code == 200
    assert _loaded.cache_info().misses == before


def test_an_index_that_is_not_there_yet_keeps_nobody_from_reading(db: Path) -> None:
    changed(db, "DROP INDEX consultations_of_case")
    changed(db, f"PRAGMA user_version = {READABLE}")
    assert "The same case elsewhere" in asking(db).get("/consultations/r1.1").text


def test_pages_show_what_was_written_since_the_last_one(db: Path) -> None:
    client = asking(db)
    assert "interrupted" not in client.get("/").text
    with Store(db) as store:
        for status, told in (("interrupted", 1), ("finished", 0)):
            store.end("r1", status, 0.0)
            assert client.get("/").text.count("interrupted") == told
    shutil.copy(db, db.with_name("other.db"))
    changed(db.with_name("other.db"), "DELETE FROM runs WHERE id = 'r2'")
    db.with_name("other.db").replace(db)
    assert client.get("/runs/r2").status_code != 200


def test_an_open_page_keeps_no_writer_from_tidying_up_its_log(db: Path) -> None:
    client = asking(db)
    client.get("/")
    with Store(db) as store:
        store.end("r1", "interrupted", 0.0)
        assert store.query("PRAGMA wal_checkpoint(TRUNCATE)")[0]["busy"] == 0


def test_the_icon_is_there(client: TestClient) -> None:
    assert client.get("/favicon.ico").headers["content-type"] == "image/svg+xml"
    assert '<link rel="icon" href="/favicon.ico"' in client.get("/").text


def test_a_long_run_is_paged(tmp_path: Path) -> None:
    cases = tuple(f"test-{i:04d}" for i in range(2 * MOST + 50))
    config = RunConfig(scenario="derm34", cases=cases, temperaments=("sanguine", "choleric") * (len(cases) // 2))
    with Store(tmp_path / "long.db") as store:
        store.begin(config, {"patient": "x@1"}, {}, "0", dict.fromkeys(cases, TRUTH))
    client = asking(tmp_path / "long.db")
    pages = [listed(client.get(f"/runs/r1?page={page}").text) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [MOST, MOST, 50]
    assert [name for page in pages for name in page] == [f"r1.{i + 1}" for i in range(len(cases))]
    assert listed(client.get("/runs/r1?page=4000000").text) == pages[2]
    for said in ("0", "-1", "x", "9" * 400, "%00"):
        assert len(listed(client.get(f"/runs/r1?page={said}").text)) in (MOST, 50)
    filtered = client.get("/runs/r1?temperament=choleric&page=2").text
    assert listed(filtered) == [f"r1.{i}" for i in range(2 * MOST + 2, 2 * MOST + 51, 2)]
    assert "/runs/r1?temperament=choleric&page=1" in Parsed(filtered).all("href") and "2 of 2" in filtered


# -- what is not there -------------------------------------------------------------------------------------------------


def test_what_is_not_there_is_answered_with_the_menu(client: TestClient) -> None:
    for path, sentence, menu in (
        ("/runs/r9", "No run 'r9'", {"/runs/r1", "/runs/r2"}),
        ("/consultations/r1.9", "No consultation 'r1.9'", {f"/consultations/r1.{i}" for i in (1, 2, 3, 4)}),
        ("/compare?left=r1.1&right=r1.7", "No consultation 'r1.7'", {"/consultations/r1.1", "/consultations/r1.2"}),
        ("/compare?left=r1.1&right=r7.1", "No run 'r7'", {"/runs/r1", "/runs/r2"}),
        ("/photographs/r7.1", "No run 'r7'", {"/runs/r2"}),
        ("/nowhere", "There is no page '/nowhere' here.", {"/"}),
    ):
        answer = client.get(path)
        assert answer.status_code == 404 and sentence in unescape(answer.text), path
        assert menu <= set(Parsed(answer.text).all("href")) and "Simulation, not medical advice." in answer.text


@pytest.fixture
def ward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store whose only run is on a scenario in the folder `ward`."""
    folder = tmp_path / "ward"
    folder.mkdir()
    (folder / "scenario.yaml").write_text("name: ward\ntitle: A ward\ntopics: {duration: how long}\n")
    (folder / "labels.yaml").write_text("labels:\n  eczema: {specialty: dermatology, urgency: soon}\n")
    facts = [{"topic": "duration", "text": "two days"}]
    case = {"id": "a", "complaint": "I itch", "name": "Ada", "diagnosis": "eczema", "facts": facts, "image": "a.png"}
    (folder / "cases.jsonl").write_text(json.dumps(case))
    Image.new("RGB", (40, 30), (200, 150, 120)).save(folder / "a.png")
    monkeypatch.chdir(tmp_path)
    play(tmp_path / "ward.db", "ward", cases=("a",), temperaments=("sanguine",))
    return folder


def test_a_consultation_outlives_its_scenario(ward: Path) -> None:
    client = asking(ward.parent / "ward.db")
    whole = client.get("/consultations/r1.1").text
    assert "Ada" in whole and "two days" in whole and client.get("/photographs/r1.1").status_code == 200
    ward.rename(ward.parent / "elsewhere")
    page = client.get("/consultations/r1.1")
    assert page.status_code == 200 and "The scenario 'ward' is not to be found" in unescape(page.text)
    assert "Ada" not in page.text and "photograph not at hand" in page.text and not Parsed(page.text).all("src")
    for said in ("How long have you had it?", "✔ right", "learned from the patient"):
        assert said in page.text
    assert client.get("/photographs/r1.1").status_code == 404 and client.get("/runs/r1").status_code == 200
    (ward.parent / "elsewhere").rename(ward)
    assert client.get("/consultations/r1.1").text == whole


def test_a_changed_scenario_is_read_anew_and_said(ward: Path) -> None:
    client = asking(ward.parent / "ward.db")
    assert "has changed" not in client.get("/consultations/r1.1").text
    cases = (ward / "cases.jsonl").read_text()
    (ward / "cases.jsonl").write_text(cases.replace("Ada", "Berta"))
    page = client.get("/consultations/r1.1").text
    assert "Berta" in page and "The scenario has changed since this was played" in page
    (ward / "cases.jsonl").write_text(cases.replace('"a"', '"b"'))
    assert "cannot be read" in client.get("/consultations/r1.1").text
    (ward / "labels.yaml").write_text("labels: 3")
    assert "labels.yaml" in client.get("/consultations/r1.1").text


# -- safe --------------------------------------------------------------------------------------------------------------

PLACES = {
    "turns": ("text", "thought", "topic", "specialty", "diagnosis", "urgency"),
    "opinions": ("specialty", "diagnosis", "reason"),
    "consultations": ("temperament", "specialty", "urgency", "diagnosis", "truth", "true_specialty", "error"),
    "assessments": ("why", "assessor"),
}


def said_everywhere(db: Path, said: str) -> None:
    """Put a text wherever a model, a case or an assessor may have put it."""
    values = {"assessor": "? || CASE WHEN assessor LIKE '%1' THEN ' 1' ELSE ' 2' END"}
    with sqlite3.connect(db) as connection:
        for table, columns in PLACES.items():
            settings = ", ".join(f"{column} = {values.get(column, '?')}" for column in columns)
            connection.execute(f"UPDATE {table} SET {settings}", [said] * len(columns))
        connection.execute("UPDATE turns SET differential = ?", (json.dumps([f"{said} 1", f"{said} 2"]),))
        models = {"patient": said, "attending": f"{said}@{said}"}
        connection.execute("UPDATE runs SET models = ?", (json.dumps(models),))
    connection.close()


@pytest.mark.slow
def test_no_text_changes_what_a_page_is_made_of(db: Path) -> None:
    client, pages = asking(db), ("/", "/runs/r1", "/consultations/r1.1", "/compare?left=r1.1&right=r2.1")
    said_everywhere(db, "harmless")
    harmless = {path: Parsed(client.get(path).text).shape for path in pages}
    for said in (*STRINGS, '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)", "<!-- ", "</main></body>"):
        said_everywhere(db, said)
        for path in pages:
            answer = client.get(path)
            assert answer.status_code == 200 and "\x1b" not in answer.text, (path, said)
            # A text of nothing but control tokens leaves nothing to show.
            assert Parsed(answer.text).shape == harmless[path] or not clean(said), (path, said)
            assert "script" not in {tag for tag, _ in Parsed(answer.text).tags}


def test_an_address_is_escaped(client: TestClient) -> None:
    evil = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    fields = "&".join(f"{name}={evil}" for name in ("result", "truth", "case", "assessor", "item", "value", "page"))
    for path in (f"/runs/{evil}", f"/consultations/{evil}", f"/runs/r1?{fields}", f"/compare?left={evil}", f"/{evil}"):
        tags = Parsed(client.get(path).text).tags
        assert "script" not in {tag for tag, _ in tags}, path


def test_pages_need_no_script_and_nothing_from_elsewhere(client: TestClient) -> None:
    for path in (*PAGES, "/page.css", "/photographs/r1.1"):
        answer = client.get(path)
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS, path
        assert "script-src" not in HEADERS["content-security-policy"]
    for path in PAGES:
        parsed = Parsed(client.get(path).text)
        assert not {"script", "style", "iframe", "object"} & {tag for tag, _ in parsed.tags}
        assert not [name for _, attributes in parsed.tags for name in attributes if name.startswith("on")]
        addresses = [*parsed.all("href"), *parsed.all("src"), *parsed.all("action")]
        assert all(re.match(r"/(?!/)|#", address) for address in addresses), path
        for tag in ("div", "section", "article", "table", "tr", "td", "th", "span", "b", "p", "a", "li", "details"):
            page = client.get(path).text
            assert len(re.findall(rf"<{tag}[\s>]", page)) == page.count(f"</{tag}>"), (path, tag)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8765", "0.0.0.0", ""]
)
def test_other_hosts_are_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:99", "LOCALHOST"])
def test_this_host_is_answered(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


def test_nothing_is_written(db: Path) -> None:
    client, before = asking(db), db.read_bytes()
    for path in PAGES:
        for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
            assert client.request(method, path).status_code in (404, 405), (method, path)
        head = client.head(path)
        assert head.status_code == client.get(path).status_code and head.content == b""
    assert db.read_bytes() == before
    with ReadOnlyStore(db) as store, pytest.raises(StoreError, match="cannot be written"):
        store.end("r1", "finished", 0.0)
    assert db.read_bytes() == before


def test_a_store_is_read_while_it_is_written(db: Path) -> None:
    client = asking(db)
    with Store(db) as store:
        store._connection.execute("BEGIN IMMEDIATE")
        store._connection.execute("UPDATE consultations SET temperament = 'sunny' WHERE id = 'r1.1'")
        assert "sunny" not in client.get("/runs/r1").text
        with ReadOnlyStore(db) as reading:
            assert reading.consultation("r1.1")
            store._connection.execute("COMMIT")
            seen = reading.consultation("r1.1")
            assert seen is not None and seen["temperament"] == "sanguine", "one answer is of one moment"
        assert "sunny" in client.get("/runs/r1").text


def test_a_store_of_another_version_is_refused_and_left_alone(db: Path, tmp_path: Path) -> None:
    changed(db, f"PRAGMA user_version = {READABLE - 1}")
    with pytest.raises(StoreError, match=r"older version of consult.*consult runs --db"):
        ReadOnlyStore(db)
    answer = asking(db).get("/")
    assert answer.status_code == 503 and "consult runs --db" in answer.text
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreError, match="is empty; play something first"):
        ReadOnlyStore(tmp_path / "empty.db")
    assert (tmp_path / "empty.db").read_bytes() == b""
    db.unlink()
    assert "play something first" in asking(db).get("/runs/r1").text and not db.exists()


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.fixture
def running(db: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "consult", "view", "--db", str(db), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address, disclaimer = process.stdout.readline().split()[0], process.stdout.readline()
        assert disclaimer == "Simulation, not medical advice.\n"
        yield process, address
        process.kill()


@pytest.mark.slow
def test_the_command_serves_until_ctrl_c(running: tuple[subprocess.Popen[str], str]) -> None:
    process, address = running
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
    with httpx.Client(base_url=address, trust_env=False) as client:
        assert "Run" in client.get("/").text
        assert client.get("/", headers={"host": "evil.example"}).status_code == 400
        assert client.head("/consultations/r1.1").content == b""
    port = address.rstrip("/").rpartition(":")[2]
    db: Any = process.args[5]  # type: ignore[index]
    second = [sys.executable, "-m", "consult", "view", "--port", port, "--db", db]
    refused = subprocess.run(second, capture_output=True, text=True)
    assert refused.returncode == 2 and refused.stdout == ""
    assert refused.stderr == f"consult: port {port} is in use; give another one with --port, or 0 for any free port\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")
