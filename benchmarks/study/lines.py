"""Tables of what is said: questions, temperaments, the program's words, and the truth of stated reasons."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from consult.agents.acts import NOT_MY_FIELD, Act
from consult.agents.roles.advice import sentences
from consult.agents.temperament import temperaments
from consult.scenarios import Case, Fact, Scenario
from consult.scenarios.tables import FindingTables
from study.figures import mean, of, pooled
from study.played import Played, opinions_of

RUN = 4
"""Words in a row that count as taken over."""
REASONS = 300
"""Consultations whose stated reasons are held against what the attending was given."""
BY_ITSELF = "who said what, before the program put it right"
DIRECTIONS = {
    "facts volunteered an answer": "melancholic > sanguine > choleric > phlegmatic",
    "words an answer, facts left out": "melancholic, sanguine > choleric > phlegmatic",
    "asks back": "melancholic > choleric > sanguine > phlegmatic",
    "accepts the plan": "sanguine > phlegmatic > melancholic > choleric",
}
"""What was to be expected of the temperaments, written down before they were measured."""


def worded_lines(played: Played) -> tuple[dict[str, list[list[bool]]], list[list[bool]]]:
    """Tell of each line, by role, whether the program worded it, and of a conclusion's words whether they are new."""
    by_role: dict[str, list[list[bool]]] = defaultdict(list)
    taken: list[list[bool]] = []
    for row, acts in played.main():
        lines: dict[str, list[bool]] = defaultdict(list)
        for act in acts:
            role = "attending, leading" if act.speaker == "attending" and act.action != "conclude" else act.speaker
            role = "attending, concluding" if act.action == "conclude" else role
            if act.draft is not None:
                lines[role].append(act.draft.fallback)
            lines["specialists"] += [opinion.reason.startswith("[") for opinion in act.opinions]
            if act.action == "conclude":
                taken.append(_verbatim(act.text, played.scenario, row["diagnosis"]))
        for role, worded in lines.items():
            by_role[role].append(worded)
    return by_role, taken


def line_table(played: Played) -> Iterator[str]:
    """Count what the program had to word, and the words that are the scenario's own."""
    by_role, taken = worded_lines(played)
    yield "\n## Lines\n\n| | |\n|---|---|"
    for role, groups in by_role.items():
        yield f"| worded by the program, {role} | {pooled(groups)} |"
    yield f"| words of a conclusion in runs of {RUN} or more of the scenario's advice | {pooled(taken)} |"


def _verbatim(text: str, scenario: Scenario, diagnosis: str | None) -> list[bool]:
    """Tell of each word whether it stands in a run of words that the scenario's advice has, too."""
    label = scenario.labels.get(diagnosis or "")
    if label is None:
        return []
    runs = {
        tuple(words[i : i + RUN])
        for words in (_words(sentence) for sentence in sentences(label))
        for i in range(len(words) - RUN + 1)
    }
    said = _words(text)
    found = [False] * len(said)
    for i in range(len(said) - RUN + 1):
        if tuple(said[i : i + RUN]) in runs:
            found[i : i + RUN] = [True] * RUN
    return found


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def interview_table(played: Played) -> Iterator[str]:
    """Report the questions: how many, which are repeated, and what they bring out."""
    topics = set(played.scenario.topics) | set(played.scenario.examinations)
    repeated: list[list[bool]] = []
    worded: list[list[bool]] = []
    covered, counts, examined = [], [], []
    for _, acts in played.main():
        led = [act for act in acts if act.speaker == "attending" and act.action in ("ask", "examine")]
        topics_asked = [act.topic for act in led]
        repeated.append([topic in topics_asked[:i] for i, topic in enumerate(topics_asked)])
        if len(led) >= 6:
            covered.append(_covered(acts, topics))
        counts.append(len(led))
        worded.append([act.source == "program" for act in led])
        examined.append(any(act.action == "examine" for act in led))
    rows = played.cells["dialogue", "panel"]
    yield "\n## Interview\n\n| | |\n|---|---|"
    yield f"| questions and examinations a consultation | {mean(counts)} |"
    yield f"| about a topic asked before | {pooled(repeated)} |"
    yield f"| worded by the program | {pooled(worded)} |"
    yield f"| topics known after 6 questions, of {len(topics)} | {mean(covered)} |"
    yield f"| consultations with an examination | {of(examined)} |"
    yield f"| share of the card disclosed | {mean([r['facts_disclosed'] / r['facts'] for r in rows])} |"
    yield f"| unfinished | {of(row['status'] == 'unfinished' for row in rows)} |"
    yield f"| failed | {of(row['status'] == 'failed' for row in rows)} |"


def _covered(acts: Sequence[Act], topics: set[str]) -> int:
    """Count the topics asked or told when the answer to the sixth question has come."""
    known: set[str] = set()
    questions = 0
    for act in acts:
        if act.speaker == "attending" and act.action in ("ask", "examine"):
            questions += 1
            if questions == 7:
                break
            known.add(act.topic or "")
        known |= set(act.facts)
    return len(known & topics)


@dataclass(frozen=True)
class Spoken:
    """One line of a patient."""

    consultation: int
    temperament: str
    act: Act
    client: str
    """The line with its facts taken out."""


def _patient_lines(played: Played) -> Iterator[Spoken]:
    for number, (row, acts) in enumerate(played.main()):
        card = played.scenario.case(row["case_id"]).card
        texts = {fact.id: fact.text for fact in (card.complaint, *card.facts)}
        for act in acts:
            if act.speaker == "patient":
                yield Spoken(number, row["temperament"], act, _voice(act, texts))


def temperament_table(played: Played) -> Iterator[str]:
    """Report how the temperaments differ in what was expected of them."""
    figures: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in DIRECTIONS}
    for line in _patient_lines(played):
        act, mood = line.act, line.temperament
        if act.action == "answer" and act.facts:
            figures["facts volunteered an answer"][mood].append(len(act.facts) - 1)
            words = line.client.split()
            figures["words an answer, facts left out"][mood].append(sum("FACT" not in word for word in words))
        if act.action == "satisfied" and act.accepts is not None:
            figures["accepts the plan"][mood].append(act.accepts)
    for row, acts in played.main():
        if any(act.action == "conclude" for act in acts) and row["urgency"] != "emergency":
            asks = any(act.speaker == "patient" and act.action == "ask" for act in acts)
            figures["asks back"][row["temperament"]].append(asks)
    kinds = list(temperaments())
    yield "\n## Temperaments\n\n| | expected | " + " | ".join(kinds) + " |\n|---|---|" + "---|" * len(kinds)
    for name, by_mood in figures.items():
        yield f"| {name} | {DIRECTIONS[name]} | {' | '.join(mean(by_mood[kind]) for kind in kinds)} |"


def _voice(act: Act, texts: Mapping[str, str]) -> str:
    """Give a line with its facts taken out: the voice alone."""
    text = act.text
    for name in act.facts:
        text = re.sub(re.escape(texts.get(name, "").rstrip(".")) or "$^", "FACT", text, flags=re.IGNORECASE)
    return text


def voice_table(played: Played) -> Iterator[str]:
    """Classify the temperament from the voice alone; folds keep a consultation together."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    lines = list(_patient_lines(played))
    groups = np.array([line.consultation for line in lines])
    moods = np.array([line.temperament for line in lines])
    texts = [line.client for line in lines]
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10, max_iter=2000)
    )
    guessed = cross_val_predict(model, texts, moods, groups=groups, cv=GroupKFold(5), method="predict_proba")
    classes = np.array(sorted(set(moods)))
    by_line = classes[guessed.argmax(1)] == moods
    whole, truth = [], []
    for number in np.unique(groups):
        mine = groups == number
        whole.append(classes[np.log(guessed[mine]).sum(0).argmax()])
        truth.append(moods[mine][0])
    yield "\n## Told apart by their words, facts left out\n\n| | |\n|---|---|"
    yield f"| temperament of a line | {pooled(by_line[groups == number] for number in np.unique(groups))} |"
    yield f"| temperament of a consultation | {of(np.array(whole) == np.array(truth))} |"
    for mood in temperaments():
        own = [line.client for line in lines if line.temperament == mood]
        phrase, part = _commonest(own)
        yield f"| most common phrase of 3 or more words, {mood} | '{phrase}' in {part:.1%} of {len(own)} lines |"
        if len(own) >= 100:
            yield f"| different voices in 100 lines, {mood} | {_distinct(own):.0f} |"


def _distinct(texts: Sequence[str]) -> float:
    rng = random.Random(0)
    return sum(len(set(rng.sample(list(texts), 100))) for _ in range(200)) / 200


def _commonest(texts: Sequence[str]) -> tuple[str, float]:
    counts: Counter[str] = Counter()
    for text in texts:
        found = re.findall(r"[A-Za-z']+", text.replace("\u2019", "'"))
        words = [word if word == "FACT" else word.lower() for word in found]
        grams = {" ".join(words[i : i + 3]) for i in range(len(words) - 2)}
        counts.update(gram for gram in grams if "FACT" not in gram)
    phrase, count = counts.most_common(1)[0]
    return phrase, count / len(texts)


def reason_table(played: Played) -> Iterator[str]:
    """Hold what the attending states against what it was given."""
    tables = played.scenario.source.tables  # type: ignore[attr-defined]
    parts: dict[str, list[list[bool]]] = defaultdict(list)
    for row, acts in islice(played.main(), REASONS):
        case = played.scenario.case(row["case_id"])
        finding = tables.values["morphology"][case.truth.morphology].finding
        concluded = next((act for act in acts if act.action == "conclude"), None)
        if concluded is None:
            continue
        said = " ".join(act.text for act in acts if act.speaker == "patient" or act.action == "examine").lower()
        named = [d or NOT_MY_FIELD for d in opinions_of(acts)]
        found = list(claims(concluded.thought, finding, said, named))
        for kind in dict.fromkeys(kind for kind, _ in found):
            parts[kind].append([true for name, true in found if name == kind])
        stated = [true for kind, true in found if kind != BY_ITSELF]
        parts["all of a conclusion's reasons, as shown"].append([all(stated)])
        present = {fact.text.lower() for fact in _all_facts(case) if not fact.none}
        reasons = [opinion.reason for act in acts for opinion in act.opinions]
        quotes = [quote.lower() for reason in reasons for quote in re.findall(r'"([^"]+)"', reason)]
        parts["specialists: what is quoted was said"].append([quote in said for quote in quotes])
        parts["specialists: what is quoted is present, not denied"].append([quote in present for quote in quotes])
        shown = [name for reason in reasons for name in played.scenario.findings if name in reason]
        parts["specialists: what the photograph shows"].append([name == finding for name in shown])
        parts["specialists of a panel name one finding"].append([len(set(shown)) == 1] if shown else [])
        supports = list(_supports(tables, case, acts, concluded))
        parts["what a conclusion quotes supports its diagnosis (by the tables)"].append(supports)
    yield f"\n## Truth of the stated reasons, first {REASONS} consultations\n\n| claim | true |\n|---|---|"
    for kind, groups in parts.items():
        yield f"| {kind} | {pooled(groups)} |"


def _all_facts(case: Case) -> tuple[Fact, ...]:
    return (case.card.complaint, *case.card.facts, *case.card.examinations)


def _supports(tables: FindingTables, case: Case, acts: Sequence[Act], concluded: Act) -> Iterator[bool]:
    """Tell of each thing that the conclusion's thought quotes whether the diagnosis has it more often than all have."""
    import numpy as np

    if concluded.diagnosis not in tables.labels:
        return
    quoted = {f.topic: f.value for f in _all_facts(case) if f'"{f.text}"' in concluded.thought}
    seen = re.search(r"I see (.+?)\.(?:\s|$)", concluded.thought)
    if seen:
        named = [key for key, value in tables.values["morphology"].items() if value.finding == seen.group(1)]
        quoted |= {"morphology": named[0]} if named else {}
    for topic, value in quoted.items():
        column = np.exp(tables.log_column(topic, (value,) if topic in tables.several else value, {}))
        yield bool(column[tables.labels.index(concluded.diagnosis)] > column.mean())


def claims(thought: str, finding: str, said: str, named: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """List the claims of an attending's thought, and whether each is true."""
    seen = re.search(r"I see (.+?)\.(?:\s|$)", thought)
    if seen:
        yield "what the photograph shows", seen.group(1) == finding
    for quoted in re.findall(r'"([^"]+)"', thought):
        yield "what was said or measured (inserted by the program)", quoted.lower() in said
    if named:
        own = f"Colleagues: {', '.join(named)}." in thought
        counted = ", ".join(f"{name} {n} of {len(named)}" for name, n in Counter(named).most_common())
        yield "who said what (corrected by the program)", own or f"[colleagues: {counted}]" in thought
        yield BY_ITSELF, own
