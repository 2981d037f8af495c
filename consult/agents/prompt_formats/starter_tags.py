"""The tags of the starter's vocabulary: topics, slots, and markers of the parts of a prompt."""

from __future__ import annotations

import re

TOPIC_TAGS = (
    "complaint",
    "site",
    "sensation",
    "duration",
    "course",
    "trigger",
    "history",
    "conditions",
    "medicines",
    "allergies",
    "pregnancy",
    "symptoms",
    "treatment",
    "family",
    "age",
    "alarm",
    "palpation",
    "temperature",
)
SLOTS = ("<fact>", "<second>", "<third>")
SEEN = "<seen>"
"""The slot for what the photograph shows; alone on a line it requests it."""
CLINIC = "<clinic>"
"""The slot in a triage doctor's reason for the chosen specialty."""
NAME = "<name>"
"""The slot in a greeting for the patient's name."""
SAID = "<said>"
"""The tag of a line whose topic is unknown."""
WHO, TRIAGED, TASK, OPINION, EXPERT = "<who>", "<triage>", "<do>", "<opinion>", "<expert>"
ADVICE = ("<label>", "<what>", "<plan>", "<net>", "<where>")
"""The slots of an explanation, besides those for what was seen and told."""
REPLY = "<reply>"
"""The slot of an answer to a question back."""
TAGS = (
    *(f"<{topic}>" for topic in TOPIC_TAGS),
    *SLOTS,
    SEEN,
    CLINIC,
    NAME,
    SAID,
    WHO,
    TRIAGED,
    TASK,
    OPINION,
    EXPERT,
    *ADVICE,
    REPLY,
    "<unsure>",
    "<ask>",
    "<examine>",
    "<consult>",
    "<conclude>",
    "<satisfied>",
    "<reluctant>",
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
)


def without_tags(text: str) -> str:
    """Return foreign text in one line and without angle brackets, so that nothing in it is read as a tag."""
    return " ".join(re.sub(r"[<>]", " ", text).split()) if re.search(r"[<>\n]", text) else text


def tag(topic: str) -> str:
    """Return the tag of a topic."""
    return f"<{topic}>" if topic in TOPIC_TAGS else SAID
