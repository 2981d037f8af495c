"""What several tests need: an improvising model and a way to play without the command line."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from consult.agents.models import ModelInfo, Reply
from consult.agents.prompt import prompt_text
from consult.agents.prompt_formats.questions import said_about
from consult.agents.prompt_formats.wording import frames, rewordings, taught_questions
from consult.envs.config import RoleConfig, RunConfig
from consult.envs.role_models import Models
from consult.envs.runner import Runner
from consult.envs.store.write import Store
from consult.scenarios import URGENCIES, load_scenario

SCENARIO = load_scenario("derm34")
THINK = prompt_text("plain", "think")
PANEL = Path(__file__).parent / "data" / "panel.yaml"


DECISION = (
    '{"findings": "ah", "reasoning": "hm", "diagnosis": "%s", "differential": ["acne"], "confidence": 0.7, '
    '"urgency": "soon"}'
)
SLOTS = ("<fact>", "<second>", "<third>")


def patient_line(request, pick):
    """Word a patient's task of the starter's dialect in learned sentences; `pick` chooses among frames."""
    _, mood, *child = request.prompt.messages[0].text.split()
    kind, *rest = request.prompt.messages[-1].text.split()
    young = "_child" if child else ""
    slots = [part for part in rest if part in SLOTS]
    if kind == "ask":
        return pick(frames("patient", mood, "ask_back", rest[0]))
    first = f"{kind}{young}"
    if kind == "answer":
        first = rest[0] if not child else "child_absent" if rest[0] == "absent" else "child"
    said, more = [pick(frames("patient", mood, first))], frames("patient", mood, f"more{young}")
    for _ in slots[1:]:
        said.append(pick([frame for frame in more if frame not in said]))
    return " ".join(frame.replace("<fact>", slot) for frame, slot in zip(said, slots or [""], strict=True))


class Improviser:
    """Answers every task in the asked format with what its seed alone decides; remembers all prompts."""

    def __init__(self, dialect="plain", fails=lambda request: False):
        self.info = ModelInfo(f"improviser-{dialect}", "test", dialect=dialect, revision="1")
        self.prompts, self.fails = {}, fails

    def generate(self, requests):
        for request in requests:
            if self.fails(request):
                raise RuntimeError("the model broke")
        return [self.reply(request) for request in requests]

    def reply(self, request):
        self.prompts[request.key] = request.prompt
        rng = random.Random(request.seed)
        text = getattr(self, f"_{self.info.dialect}")(request, rng)
        return Reply(text, sum(len(m.text) for m in request.prompt.messages), len(text), probability=rng.random())

    def _starter(self, request, rng):
        asked, choice = request.prompt.messages[-1].text, request.prompt.choice
        if request.task == "decision":
            thought = rng.choice(["I see it.", "I see it. I noted <site>. Colleagues: acne."])
            return f"<think>{thought}</think><answer>{rng.choice(choice.options)} {rng.choice(URGENCIES)}. acne"
        if request.task == "opinion":
            kind = rng.choice(["told", "neither"])
            reason = rng.choice([*frames("doctor", "specialist", kind), "It are so with <fact>."])
            named = request.prompt.begin or rng.choice(choice.options)
            return f"{named} {'<complaint>' if '<fact>' in reason else ''} {reason}"
        if request.task == "triage" and request.prompt.begin:
            return f"{request.prompt.begin} It are so."
        if request.task == "rewording":
            said = asked.removeprefix("say ")
            return rng.choice([*rewordings().get(said, ()), "So it is."])
        if request.task == "explanation":
            return rng.choice([*frames("doctor", "explain", asked.removeprefix("explain ")), "It are <label>."])
        if request.task == "wording":
            act = asked.partition("\n")[0].removeprefix("first ").removeprefix("named ")
            return self._starter_wording(act.split(), rng)
        if request.task == "free" and asked.startswith("free "):
            # Nobody has two of a topic, and not everybody has each: some of these are refused.
            return rng.choice(["<site>Well, <fact>.", "<duration><site>So <fact>, <second>.", "<unsure>Who knows."])
        if request.task == "free" and choice is not None:
            act = rng.choice(choice.options)
            return act + (rng.choice(["cause: From where?", "Acne?"]) if act == "<ask>" else "So be it.")
        if request.role == "patient" and choice is not None and choice.final:
            return patient_line(request, rng.choice)
        if choice is not None:
            thought = f"<think>I think of {self._secret(rng)}.</think>" if choice.after == "</think>" else ""
            return f"{thought}{rng.choice(choice.options)} Tell me more."
        return patient_line(request, rng.choice) if request.role == "patient" else "I think so."

    def _starter_wording(self, act, rng):
        if act == ["consult"]:
            return rng.choice([*frames("doctor", "consult"), "<site>", ""])
        kind = "questions" if act[0] == "ask" else "examinations"
        other = rng.choice(list(said_about(kind)))
        return rng.choice(taught_questions(kind, rng.choice([act[1], act[1], other])))

    def _secret(self, rng):
        """Give a word that nobody else would use."""
        return f"secret{rng.randrange(10**9)}"

    def _plain(self, request, rng):
        labels = list(SCENARIO.labels)
        answers = {
            "topic": lambda: rng.choice(["duration", "site", "unsure"]),
            "free": lambda: self._plain_free(request.prompt, rng),
            "triage": lambda: json.dumps({"specialty": "dermatology", "urgency": "soon", "why": "so"}),
            "action": lambda: rng.choice(
                [
                    '{"action": "ask", "topic": "duration", "text": "How long?"}',
                    '{"action": "ask", "topic": "site", "text": "Where?"}',
                    "How did it begin?",
                    '{"action": "examine", "topic": "palpation", "text": "May I?"}',
                    '{"action": "consult", "text": "A moment."}',
                    '{"action": "conclude"}',
                ]
            ),
            "opinion": lambda: json.dumps({"diagnosis": rng.choice(labels), "confidence": 0.5, "reason": "so"}),
            "decision": lambda: rng.choice([DECISION, "<think>hm</think><answer>%s</answer>"]) % rng.choice(labels),
        }
        asked = request.prompt.messages[-1].text
        thinks = THINK in asked or (request.task == "action" and '"reasoning"' in asked)
        thought = f"<think>I think of {self._secret(rng)}.</think>" if thinks else ""
        return thought + answers.get(request.task, lambda: rng.choice(["Well.", "I see.", "So it is."]))()

    def _plain_free(self, prompt, rng):
        known = [line[2:] for line in prompt.messages[0].text.split("\n") if line.startswith("- ")]
        said = rng.choice(
            ["Well.", "Is it acne?", f"Well, {rng.choice(known)}.", f"{'. '.join(rng.sample(known, 3))}."]
        )
        if "JSON" not in prompt.messages[-1].text:
            return said
        return json.dumps({"satisfied": rng.random() < 0.6, "accepts": rng.random() < 0.5, "text": said})


def configured(
    reference, cases, temperaments=("sanguine", "choleric", "melancholic", "phlegmatic"), **more
) -> RunConfig:
    role = RoleConfig(model=reference)
    moods = tuple(temperaments[i % len(temperaments)] for i in range(len(cases)))
    roles: dict[str, Any] = dict.fromkeys(("patient", "triage", "specialist", "attending"), role)
    return RunConfig(scenario="derm34", cases=tuple(cases), temperaments=moods, **roles, **more)


def played(path, model, count=8, *, scenario=None, batch=8, listen=lambda event: None, **more):
    """Play the first test cases with a model object; give the store's turns and the summary."""
    scenario = scenario or SCENARIO
    config = configured(model.info.reference, scenario.case_ids("test")[:count], **more)
    with Store(path) as store:
        runner = Runner(scenario, config, Models({model.info.reference: model}), store, batch=batch, listen=listen)
        summary = runner.run()
        turns = store.query("SELECT * FROM turns ORDER BY consultation_id, idx")
        return summary, [{k: v for k, v in turn.items() if k != "seconds"} for turn in turns]
