"""Reword a case report's sentence as the patient would say it: "He denied fever" becomes "I have had no fever".

The rules match phrases of case reports; they do not parse grammar. A sentence about another person of the patient's sex
keeps its pronouns, since the rules cannot tell who "she" is.
"""

from __future__ import annotations

import re
from functools import lru_cache

from consult.scenarios.importing.cleaning import SENTENCES
from consult.scenarios.importing.entries import HABITS, standing

_WHO = r"(?:the|this) (?:patient|boy|girl|man|woman|infant|child|toddler|baby|adolescent|newborn|neonate|teenager)"
_LEAD = re.compile(
    r"^(?:on further questioning|in addition|additionally|also|moreover|furthermore|specifically),?\s+", re.IGNORECASE
)
_LABEL = re.compile(
    r"^(?:(?:past |present |current )?(?:medical )?history|symptoms?|complaints?|description):\s*", re.IGNORECASE
)
_REPORTED = re.compile(
    r"^((?:I have |The patient has |he has |she has )?no\b[^.;,]*?) (?:was |were |are |is )?"
    r"(?:reported|noted|provided|documented|identified|disclosed|mentioned)(?=$|[.;,])",
    re.IGNORECASE,
)
_AGED = re.compile(
    r"^(?:the patient is )?(?:an?|this) (?:otherwise )?(?:healthy )?[^.;]{0,60}?"
    r"(?:\b(?:man|woman|boy|girl|male|female|infant|child|toddler|newborn|baby|student|dishwasher|adolescent|worker|"
    r"teacher)\b|year-old|month-old)(?P<aside>[^.;]{0,160}?)\s*,?\s+"
    r"(?:who\s+)?(?P<verb>presents?|presented|presenting|complains?|complained|is brought|was brought|is seen|"
    r"was referred|has|had|comes|came|reports?|was admitted)\b",
    re.IGNORECASE,
)
_PRESENTS = re.compile(
    r"^(?:I\s+)?(?:present|presented|presenting|presents|come|came)(?: (?:to|at) [^.,;]{1,60}?)??"
    r"(?: (?:with|for) (?:complaints? of|evaluation of|concerns? (?:about|regarding)|a complaint of)| with| for)\s+",
    re.IGNORECASE,
)
_NOW = re.compile(r", and I present(?:ed)?(?: (?:to|at) [^,.;]{1,40}?)? with ")
_SAYS_THAT = re.compile(
    rf"^(?:{_WHO}|s?he|they)\s+(?:also\s+|further\s+|then\s+)?"
    r"(?:report|state|note|say|mention|describe|recall|explain|add|observe|admit|claim)(?:s|d|ed)?\s+that\s+",
    re.IGNORECASE,
)
_DENIES = re.compile(
    rf"^(?:(?:{_WHO}|s?he|they|I)\s+)?(?:also\s+)?(?:denie[sd]|deny|denying)\s+(?:experiencing\s+|having\s+)?"
    r"(?:any\s+|a\s+)?",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    rf"(?<![\w'])(?:{_WHO}(?!'s)|s?he)\s+((?:\w+ly|also|never|still|currently)\s+)?((?:has|does|is|was)n't\b|\w+)",
    re.IGNORECASE,
)
_OWN = re.compile(
    rf"\b{_WHO}'s\b|\bhis\b|\bher\b(?!\s*(?:[.,;)]|$|\b(?:to|for|in|with|and|at|on|from|by|as|that|up|down|out|off|awake|when|while|because|if)\b))",
    re.IGNORECASE,
)
_OBJECT = re.compile(rf"\b{_WHO}(?!')\b|\bhim\b|\bher\b", re.IGNORECASE)
_BARE = re.compile(
    rf"^((?:reports?|reported|was|had|denie[sd]|states|notes|has|is|admits|complains|describes|{HABITS})\b)",
    re.IGNORECASE,
)
"""Matches the beginning of a sentence without its subject."""
_ALSO = re.compile(
    r"(\band|\bbut|,)( (?:otherwise|instead|also|then|now))? "
    rf"((?:has|is|says|reports|states|notes|does|{HABITS})\b|(?:has|does|is|was)n't\b)"
)
_ALSO_DENIES = re.compile(r"\b(and|but) denies (?:having |experiencing )?(?:any |an? )?")
_CHILD = re.compile(
    r"\b(?:his|her|their) (?:\d+-(?:year|month)-old )?(?:son|daughter|child|baby|boy|girl|infant)(?P<own>'s)?"
    r"(?: (?P<verb>has|had|is|was|does|did|began|developed|complains|started)\b)?",
    re.IGNORECASE,
)
_PARENT = re.compile(r"\b(?:mother|father|mom|dad|parents?|grandmother|grandfather|guardian)\b", re.IGNORECASE)
_RELATIVE = re.compile(
    r"\b(?:his|her) (?=(?:\w+ )?(?:mother|father|parents?|wife|husband|sister|brother|son|daughter|partner|family)\b)",
    re.IGNORECASE,
)
_WHOSE = re.compile(r"\b(?:his|her) (?:[\w-]+ )?$", re.IGNORECASE)
"""Matches whose relative the next word is."""
_SELF = re.compile(r"\b(?:him|her)self\b", re.IGNORECASE)
_OTHERS = {
    "female": re.compile(
        r"\b(?:mother|wife|sister|daughter|girlfriend|grandmother|aunt|partner|doctor|physician)\b", re.I
    ),
    "male": re.compile(
        r"\b(?:father|husband|brother|son|boyfriend|grandfather|uncle|partner|doctor|physician)\b", re.I
    ),
}
_IRREGULAR = {
    "hasn't": "haven't",
    "doesn't": "don't",
    "isn't": "am not",
    "wasn't": "wasn't",
    "has": "have",
    "is": "am",
    "does": "do",
    "was": "was",
    "goes": "go",
    "denies": "deny",
}
_NO_S = frozenset({"was", "as", "his", "this", "us", "always", "yes", "perhaps", "sometimes"})
_LOWER = frozenset(
    re.findall(
        r"\w+",
        """
        a about after all an and any as at because before both bilateral during each every few for from has however if
        in it its many most multiple my new no none not occasional on one only other over past pain prior recent several
        severe since some symptoms the their there these they this those two three up when where while with
        """,
    )
)


@lru_cache(maxsize=SENTENCES)
def in_first_person(sentence: str, sex: str | None = None) -> str:
    """Word a sentence of a case report in the first person.

    Args:
        sentence: Without its full stop.
        sex: The patient's sex, `female` or `male`, if known.
    """
    said = _LABEL.sub("", _LEAD.sub("", sentence.replace("n\u2019t", "n't")))
    said = re.sub(
        r"^(?:(?:the )?patient, )?me, ", "I, ", re.sub(r"^Patient\b", "The patient", said), flags=re.IGNORECASE
    )
    said = _REPORTED.sub(r"\1", said)
    said = standing(said)
    if _PARENT.search(said):
        # The parent speaks of the patient.
        said = _CHILD.sub(_as_child, said)
    if not said.endswith("?"):
        said = _BARE.sub(lambda verb: f"He {verb.group().lower()}", said)
    said = _AGED.sub(_introduced, said, count=1)
    said = _DENIES.sub("I have had no ", said, count=1) if _DENIES.match(said) else said
    said = _SAYS_THAT.sub("", said, count=1)
    other = _other(said, sex)
    if other is None:
        said = _own(said)
    else:
        # Before the other person is named, the pronouns are the patient's.
        said = _own(said[:other]) + said[other:]
        said = _RELATIVE.sub("my ", re.sub(rf"\b{_WHO}'s\b|^(?:his|her)\b", "my", said, flags=re.IGNORECASE))
        said = re.sub(rf"^{_SUBJECT.pattern}", _subject, said, flags=re.IGNORECASE)
    said = _NOW.sub(", and now I have ", _PRESENTS.sub("I have ", said, count=1))
    said = _ALSO_DENIES.sub(r"\1 I have had no ", said)
    if re.search(r"(?:^|, )I\b", said):
        said = _ALSO.sub(_also, said)
    else:
        said = said.replace("but otherwise has ", "but otherwise I have ")
    return as_clause(said.strip())


def as_clause(text: str) -> str:
    """Begin a clause in lower case if its first word is a common one, and end it without a full stop."""
    first = re.match(r"[A-Za-z]+", text)
    if first and first.group().lower() in _LOWER:
        text = text[:1].lower() + text[1:]
    return text.rstrip(". ")


def symptom(text: str) -> str:
    """Word a symptom in note form ("Double vision") as a clause; whole sentences and denials are not changed."""
    text = text.strip().rstrip(".")
    told = rf"(?:no|denies|denied|unaware|none|not|I|he|she|(?:the )?patient|history|reports?|states|notes|{HABITS})\b"
    if re.match(told, text, re.IGNORECASE):
        return text
    if re.search(r"\b(?:is|are|was|were|has|have|had|worsens?|improves?|occurs?|started|began|radiat\w+s)\b", text):
        return text
    lowered = text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text
    return f"I have {lowered}"


def _also(also: re.Match[str]) -> str:
    return f"{also.group(1).replace(',', ' and')}{also.group(2) or ''} {_first(also.group(3))}"


def _as_child(match: re.Match[str]) -> str:
    if match.group("own"):
        return "my"
    verb = match.group("verb")
    return "me" if verb is None else f"I {_first(verb)}"


def _introduced(match: re.Match[str]) -> str:
    """Turn "A 22-year-old man with diabetes presents" into "I …", keeping the text between."""
    aside = re.search(r"\bwith(?:out)? .*", match.group("aside").strip(" ,"))
    verb = match.group("verb").lower()
    verb = {"is brought": "am brought", "is seen": "am seen"}.get(verb, _first(verb))
    said = f"I {verb}"
    if aside is None:
        return said
    had = re.sub(r"^without (?:an? |any )?", "no ", aside.group()).removeprefix("with ")
    return f"I have {had}, and {said}"


def _subject(match: re.Match[str]) -> str:
    adverb, verb = match.group(1) or "", match.group(2)
    return f"I {adverb}{_first(verb)}"


def _first(verb: str) -> str:
    lowered = verb.lower()
    if lowered in _IRREGULAR:
        return _IRREGULAR[lowered]
    if lowered in _NO_S or not lowered.endswith("s") or lowered.endswith("ss"):
        return verb
    if lowered.endswith("ies"):
        return verb[:-3] + "y"
    return verb[:-2] if re.search(r"(?:sh|ch|x|ss|zz)es$", lowered) else verb[:-1]


def _own(said: str) -> str:
    said = _SUBJECT.sub(_subject, said)
    return _OBJECT.sub("me", _OWN.sub("my", _SELF.sub("myself", said)))


def _other(sentence: str, sex: str | None) -> int | None:
    """Return where another person of the patient's sex is first named; None if nobody is."""
    kinds = [sex] if sex in _OTHERS else list(_OTHERS)
    found = [match.start() for kind in kinds if (match := _OTHERS[kind].search(sentence))]
    if not found:
        return None
    whose = _WHOSE.search(sentence[: min(found)])
    return whose.start() if whose else min(found)
