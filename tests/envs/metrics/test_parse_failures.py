"""The share of answers that could not be used, by role and model."""

import json
from dataclasses import replace

import pytest
from improvising import Improviser, configured, played

from consult.agents.acts import Act, Opinion, Usage
from consult.envs.metrics.parse_failures import unusable_answers
from consult.envs.store.write import Pending, Store

CONFIG = configured("m", ["test-0000", "test-0001"])
TRUTH = dict.fromkeys(("truth", "true_specialty", "true_urgency", "style", "skin_type"))
MODELS = {"patient": "m@1", "attending": "n@2", "specialist": "m@1", "specialist=dentistry": "d@3"}


class Mumbler(Improviser):
    """Answers some requests of a role with nothing at first."""

    def __init__(self, role, tasks):
        super().__init__("plain")
        self.role, self.tasks, self.mumbled = role, tasks, set()

    def reply(self, request):
        reply = super().reply(request)
        *place, attempt = request.key
        if request.role == self.role and request.task in self.tasks and request.seed % 2 and attempt == 0:
            self.mumbled.add(tuple(place))
            return replace(reply, text=" ")
        return reply


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "a.db") as store:
        yield store


def test_each_role_counts_its_own_answers(store):
    run = store.begin(CONFIG, MODELS, {}, "x", {case: TRUTH for case in CONFIG.cases})
    panel = (
        Opinion("dentistry", "caries", 0.5, "", first_usable=False),
        Opinion("dermatology", None, None, "", usable=False, first_usable=False),
        Opinion("dermatology", "acne", 0.5, "", first_usable=True),
        Opinion("dermatology", "acne", 0.5, "", source="synthetic"),
    )
    acts = [
        Act("patient", "open", usage=Usage(1, 1, 0.0, 1, 0)),
        Act("attending", "consult", usage=Usage(1, 1, 0.0, 1, 1), opinions=panel),
        Act("attending", "conclude", usage=Usage(1, 1, 0.0, 2, 1)),
        Act("attending", "answer", source="program"),
    ]
    store.commit(Pending(turns=[(f"{run}.1", i, act) for i, act in enumerate(acts)]))
    assert {(u.role, u.model, u.rate.hits, u.rate.n) for u in unusable_answers(store, run)} == {
        ("patient", "m@1", 0, 1),
        ("attending", "n@2", 2, 3),
        ("specialist", "m@1", 1, 2),
        ("specialist=dentistry", "d@3", 1, 1),
    }
    assert unusable_answers(store, "r9") == []


@pytest.mark.parametrize(
    ("role", "tasks"),
    [("patient", ("open", "answer")), ("triage", ("triage",)), ("attending", ("action", "decision")),
     ("specialist", ("opinion",))],
)  # fmt: skip
def test_a_run_tells_who_did_not_answer_as_asked(tmp_path, role, tasks):
    model = Mumbler(role, tasks)
    summary, _ = played(tmp_path / "a.db", model, 8)
    told = {entry["role"]: entry for entry in summary["unusable"]}
    assert set(told) == {"patient", "triage", "attending", "specialist"}
    assert all(entry["model"] == "improviser-plain@1" for entry in told.values())
    for name, entry in told.items():
        # A patient is asked again for what it says, too, which is counted apart.
        again = model.mumbled if name == "patient" else {k for k in model.prompts if k[2] == name and k[-1] == 1}
        assert entry["unusable"] == (len(again) if name != "patient" or role == "patient" else 0), name
        assert entry["share"] == entry["unusable"] / entry["answers"] <= 1
    asked = {key[:-1] for key in model.prompts if key[2] == role and key[3] != "topic"}
    assert told[role]["answers"] == len(asked) > len(model.mumbled) > 0
    json.dumps(summary)
