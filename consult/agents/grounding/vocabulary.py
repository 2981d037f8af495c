"""The words that make a claim about a patient: concepts with synonyms and classes, read from `vocabulary.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from consult.agents.grounding.language import stem
from consult.scenarios.located_yaml import read_yaml

CLASSES = ("body", "sign", "disease", "treatment", "life", "person", "time", "quality")
NOUNS = ("body", "disease", "treatment")
"""Classes whose phrases are names for things, which can stand in the plural."""
LISTS = (
    "function",
    "owners",
    "loose_body",
    "turns",
    "measures",
    "light",
    "unclaimed",
    "daily",
    "occasions",
    "capitals",
)
"""Names of the lists of words."""
SOCIAL = ("home", "work", "leisure", "waiting", "people", "doing")
"""Classes of everyday words that something may depend on: "sitting at my desk brings it on"."""
_DISEASES = re.compile(
    r"(?:itis|osis|oses|aemia|emia|opathy|algia|plegia|sclerosis|trophy|ectasia|ectasis|philia|phobia|rrhoea|rrhea)$"
    r"|(?<!gl)(?<!ar)(?<!dipl)(?<!com)oma$"
)
_DRUGS = re.compile(
    r"(?:mycin|cillin|pril|olol|azole|statin|cortisone|profen|mab|vir|oxacin|cycline|azepam|sartan|thiazide|gliptin"
    r"|gliflozin|tramadol|codeine|morphine|gabalin|pentin|dipine|oxicam|coxib|zosin|triptyline|thyroxine|fenac"
    r"|proxen|dronate"
    r"|tinib|adine|rizine|atidine|conazole|binafine|oxycodone|fentanyl|lukast|clazide|triptan|setron|terol"
    r"|asone|olone|caine|phylline|prazole|mide|oxetine|traline|parin|oxaban)$"
)
_NOT_DRUGS = frozenset(["april", "vir", "timide", "amide"])


_INTERJECTION = re.compile(r"h+m+|m+h*m+|u+h+m*|u+m+|e+r+m*|a+h+|o+h+|a+w+|e+h+|ha+h*|p+h+e+w+|h+u+h+|x|tsk")


@dataclass(frozen=True)
class Vocabulary:
    """The concepts of the vocabulary."""

    concepts: dict[str, frozenset[str]]
    """Stem, or several words joined with `_` → concepts such as `sign:pain`."""
    phrases: re.Pattern[str]
    """Concepts of several words."""
    pairs: re.Pattern[str]
    """Those with "and", which ends no clause: "now and then"."""
    forms: frozenset[str]
    """Words that are listed with a concept as they are written."""
    chat: frozenset[str]
    """Stems that anybody may say."""
    chat_words: frozenset[str]
    """The same words as they are written."""
    social: frozenset[str]
    """Stems of what everyday life is about: home, work, leisure, people, the visit."""
    implied: dict[str, frozenset[str]]
    """Concept, or a class as `treatment:*` → concepts that it implies."""
    words: dict[str, frozenset[str]]
    """Name of a list → its words."""


@dataclass(frozen=True)
class Paraphrases:
    """Phrases that can state a concept and claim nothing."""

    phrases: re.Pattern[str]
    stated: dict[str, frozenset[str]]
    """Phrase → concepts or stems that it can state."""


@cache
def paraphrases() -> Paraphrases:
    """Read the paraphrases."""
    data = read_yaml(Path(__file__).parent / "paraphrases.yaml").data
    stated: dict[str, set[str]] = {}
    for key, phrases in data.items():
        for phrase in re.split(r",\s*", phrases):
            stated.setdefault(phrase, set()).add(key if ":" in key else stem(key))
    return Paraphrases(
        re.compile(rf"\b(?=({'|'.join(map(re.escape, sorted(stated, key=len, reverse=True)))})\b)"),
        {phrase: frozenset(keys) for phrase, keys in stated.items()},
    )


def paraphrased(text: str) -> frozenset[str]:
    """Return the concepts and stems that the phrases of a normalised text can state."""
    known = paraphrases()
    return frozenset().union(*(known.stated[match[1]] for match in known.phrases.finditer(text)))


def paraphrases_in(text: str, keys: frozenset[str]) -> list[str]:
    """Return the phrases of a normalised text that can state one of some concepts or stems."""
    known = paraphrases()
    return [match[1] for match in known.phrases.finditer(text) if known.stated[match[1]] & keys]


@cache
def vocabulary() -> Vocabulary:
    """Read the vocabulary."""
    data = read_yaml(Path(__file__).parent / "vocabulary.yaml").data
    everyday = read_yaml(Path(__file__).parent / "everyday.yaml").data
    chat = [word for words in everyday.values() for word in words.split()]
    concepts: dict[str, set[str]] = {}
    phrases: set[str] = set()
    for kind in CLASSES:
        groups = [[form.strip() for form in group.split(",")] for group in data[kind]["synonyms"]]
        for group in (
            [*groups, *([word] for word in data[kind]["single"].split())] if "single" in data[kind] else groups
        ):
            plurals = [f"{form}s" for form in group if kind in NOUNS and " " in form and not form.endswith("s")]
            for form in (*group, *plurals):
                if " " in form:
                    phrases.add(form)
                concepts.setdefault(_key(form), set()).add(f"{kind}:{group[0]}")
    forms = frozenset(form for kind in CLASSES for group in data[kind]["synonyms"] for form in re.split(r",\s*", group))
    forms |= frozenset(word for kind in CLASSES for word in data[kind].get("single", "").split())
    longest_first = sorted(phrases, key=len, reverse=True)
    return Vocabulary(
        {key: frozenset(named) for key, named in concepts.items()},
        _any_of(longest_first),
        _any_of([form for form in longest_first if " and " in form]),
        forms,
        frozenset(map(stem, chat)),
        frozenset(chat),
        _stems(everyday, SOCIAL) - _stems(everyday, everyday.keys() - set(SOCIAL)),
        {concept: frozenset(implied.split()) for concept, implied in data["implied"].items()},
        {name: frozenset(data[name].split()) for name in LISTS},
    )


def _stems(everyday: Mapping[str, str], classes: Iterable[str]) -> frozenset[str]:
    return frozenset(stem(word) for name in classes for word in everyday[name].split())


def listed(name: str) -> frozenset[str]:
    """Return a list of words."""
    return vocabulary().words[name]


def _key(form: str) -> str:
    return form.replace(" ", "_") if " " in form else stem(form)


@dataclass(frozen=True)
class Token:
    """A word, or a phrase of the vocabulary, with its concepts."""

    word: str
    stem: str
    concepts: frozenset[str]
    before: str
    """The word before it; empty at the start."""
    after: str

    @property
    def classes(self) -> frozenset[str]:
        """Return the classes of its concepts."""
        return frozenset(concept.partition(":")[0] for concept in self.concepts)

    @property
    def keys(self) -> frozenset[str]:
        """Return what it can be licensed by: its concepts and its stem."""
        return self.concepts | {self.stem}

    @property
    def is_content(self) -> bool:
        """Return whether it carries meaning."""
        if self.concepts:
            return True
        return not (self.word in listed("function") or self.word[0].isdigit() or _INTERJECTION.fullmatch(self.word))


def _any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, phrases))})\b")


def joined(text: str) -> str:
    """Join phrases with "and" of a normalised text, so that they stay in one clause."""
    return vocabulary().pairs.sub(lambda match: match[0].replace(" ", "_"), text)


@lru_cache(maxsize=4096)
def tokens(text: str) -> tuple[Token, ...]:
    """Return the words of a normalised text; a phrase of the vocabulary is one token."""
    known = vocabulary()
    joined = known.phrases.sub(lambda match: match[0].replace(" ", "_"), text)
    words = re.findall(r"\d+(?:\.\d+)?|[a-z_]+(?:'[a-z]+)?", joined)
    around = ["", *words, "", ""]
    found = (_token(word, around[i], around[i + 2], around[i + 3]) for i, word in enumerate(words))
    return tuple(token for token in found if token.is_content)


def _token(word: str, before: str, after: str, next_but_one: str) -> Token:
    key = word if "_" in word else stem(word)
    known = vocabulary()
    meant = (word in known.forms or word not in known.chat_words) and _is_meant(word, before, after, next_but_one)
    concepts = known.concepts.get(key, frozenset()) if meant or "_" in word else frozenset()
    if not concepts and len(word) > 5 and word not in _NOT_DRUGS:
        kind = "disease" if _DISEASES.search(word) else "treatment" if _DRUGS.search(word) else ""
        concepts = frozenset({f"{kind}:{key}"} if kind else ())
    return Token(word, key, concepts, before, after)


_AILING = frozenset(
    ["pain", "pains", "ache", "aches", "hurts", "injury", "trouble", "problem", "problems", "surgery", "spasms"]
)
_ENDS = frozenset(["", "and", "or", "but", "of", "that", "side", "is", "hurts", "too", "as", "when"])


def _is_meant(word: str, before: str, after: str, next_but_one: str) -> bool:
    """Return whether a word with several meanings has the one of the vocabulary here."""
    if word in ("left", "right"):
        sided = after in ("side", "one", "hand", "lower", "upper")
        if sided or any(_is_body(other) for other in (after, next_but_one)):
            return True
        return before in listed("owners") and (after in _ENDS or before in ("my", "his", "lower", "upper", "bottom"))
    if word in ("top", "bottom") and after not in ("half", "part", "lip", "left", "right", "one", "of"):
        return _is_body(after) or _is_body(next_but_one) or (before in ("my", "his", "her") and word == "bottom")
    if word == "backs":
        return False  # of hands or legs: nobody has two of the other
    if word == "back" and (_is_body(after) or (before == "the" and after in ("on", "of", "at"))):
        return False
    if word == "back" and after in listed("turns"):
        return before in ("my", "his", "her", "upper", "lower") and after not in ("then", "again", "to", "from")
    if word in ("pound", "pounds"):
        return not before[:1].isdigit()
    if word == "last":
        return after[:1].isdigit() or after in ("for", "about", "only", "up", "around", "between", "longer", "a")
    if word in listed("loose_body") and after in _AILING:
        return True
    if word in listed("loose_body"):
        return before in listed("owners") or word in ("hands", "eyes")
    if word == "on":
        return before in ("am", "are", "is") and after not in ("my", "the", "his", "her", "it")
    return word not in ("quite", "see", "first", "may", "march", "second")


def _is_body(word: str) -> bool:
    key = stem(word) if word else ""
    return any(concept.startswith("body") for concept in vocabulary().concepts.get(key, ()))
