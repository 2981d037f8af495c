"""Reword a case report's sentence as the patient would say it: "He denied fever" becomes "I have had no fever".

The rules match phrases of case reports; they do not parse grammar. A sentence about another person of the patient's sex
keeps its pronouns, since the rules cannot tell who "she" is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple, Self

from consult.scenarios.importing.cleaning import SENTENCES
from consult.scenarios.importing.entries import HABITS, standing
from consult.scenarios.importing.lay_words import in_lay_words
from consult.scenarios.importing.remarks import without_remarks
from consult.scenarios.importing.reporting import plainly
from consult.scenarios.importing.whole import agreed, whole

_WHO = (
    r"(?:the|this) (?:\d+-(?:year|month|week|day)-old )?(?:patient|boy|girl|man|woman|infant|child|toddler|baby"
    r"|adolescent|newborn|neonate|teenager)"
)
_CASE = re.compile(
    r"^(?:(?:this|the) (?:case|individual)|(?:today's|yesterday's|a new|my new|one) (?:out)?patient),?(?= (?:has|had"
    r"|is|was|presents?|developed|started|began)\b(?! (?:discussed|reviewed|presented to|reported|closed)))",
    re.IGNORECASE,
)
_MOTHER = re.compile(
    r"\b(?:the|this) (?:patient|woman)\b(?!'s)|\b(?:feel\w*|felt|notic\w+) (?:the|her) (?:baby|fetus) (?:mov|kick)",
    re.IGNORECASE,
)
"""Matches a sentence in which a baby is not the patient."""
_APPOSITIVE = re.compile(
    rf"^{_WHO}, (?P<what>an? [^,.;]{{3,60}}?), (?=(?:has|had|is|was|presented|came|developed)\b)", re.IGNORECASE
)
_OWN_WORDS = re.compile(r"\b(?:I|me|my|we|our)\b")
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
_ADVERBS = r"((?:(?:\w+ly|also|never|still|often|sometimes|always|usually|now|then|first|just|ever|no longer)\s+)*)"
_NO_OBJECT = (
    r"(?!\s*(?:[.,;)]|$|\b(?:to|for|in|with|and|at|on|from|by|as|that|up|down|out|off|awake|when|while|because|if)\b))"
)


class _Pronouns(NamedTuple):
    """Patterns of the patient as subject, as owner, as object, and of the reflexive."""

    subject: re.Pattern[str]
    own: re.Pattern[str]
    object: re.Pattern[str]
    self: re.Pattern[str]

    @classmethod
    def of(cls, subject: str, own: str, object: str) -> Self:
        flags = re.IGNORECASE
        return cls(
            re.compile(rf"(?<![\w'])(?:{_WHO}(?!'s)|{subject})\s+{_ADVERBS}((?:has|does|is|was)n't\b|\w+)", flags),
            re.compile(rf"\b{_WHO}'s\b|{own}", flags),
            re.compile(rf"\b{_WHO}(?!')\b|\b{object}\b", flags),
            re.compile(rf"\b{object}self\b", flags),
        )


_PRONOUNS = {
    "male": _Pronouns.of("he", r"\bhis\b", "him"),
    "female": _Pronouns.of("she", rf"\bher\b{_NO_OBJECT}", "her"),
    None: _Pronouns.of("s?he", rf"\bhis\b|\bher\b{_NO_OBJECT}", "(?:him|her)"),
}
"""The patient's sex → what names the patient; of the other sex, a pronoun is another person's."""
_SAW_PATIENT = re.compile(
    r"^(my \w+ (?:\w+ed|found|saw|took|brought|told|heard)) (?:him|her)\b(?! \w+ (?:is|was|has|had))"
)
"""Matches a relative who did something to the patient."""
_SAW_THAT = re.compile(
    r"\b(?P<saw>my \w+ (?:has |had |also |first |recently )?(?:noticed|noted|observed|saw|found|realized|discovered"
    r"|(?:is|was|became) (?:\w+ )?(?:worried|concerned|afraid)) that) s?he "
    r"(?P<verb>has|had|is|was|does|did|\w+ed|\w+s)\b(?!.*\b(?:and|but) (?:is|has|was|does)\b)"
)
"""Matches a relative who saw what the patient did."""
_BY_NAME = _Pronouns.of("(?!)", "(?!)", "(?!)")
_BARE = re.compile(
    rf"^((?:reports?|reported|was|had|denie[sd]|states|notes|has|is|admits|complains|complaining(?= of)|describes"
    rf"|endorse[sd]|acknowledge[sd]|presents|presented"
    rf"|fell|woke|collapsed|fainted|slipped|tripped|twisted|injured|vomited|{HABITS})\b)",
    re.IGNORECASE,
)
"""Matches the beginning of a sentence without its subject."""
_CHILD = re.compile(
    r"\b(?:his|her|their) (?:\d+-(?:year|month)-old )?(?:son|daughter|child|baby|boy|girl|infant)(?P<own>'s)?"
    r"(?: (?P<verb>has|had|is|was|does|did|began|developed|complains|started)\b)?",
    re.IGNORECASE,
)
_PARENT = re.compile(r"\b(?:mother|father|mom|mum|dad|parents?|grandmother|grandfather|guardian)\b", re.IGNORECASE)
_RELATIVE = re.compile(
    r"\b(?:his|her) (?=(?:\w+ )?(?:mother|father|parents?|wife|husband|sister|brother|son|daughter|partner|family)\b)",
    re.IGNORECASE,
)
_WHOSE = re.compile(r"\b(?:his|her) (?:[\w-]+ )?$", re.IGNORECASE)
"""Matches whose relative the next word is."""
_OTHERS = {
    "female": re.compile(
        r"\b(?:mother|mum|mom|wife|sister|daughter|girlfriend|grandmother|aunt|(?<!\bmale )partner|doctor|physician)\b",
        re.I,
    ),
    "male": re.compile(
        r"\b(?:father|dad|husband|brother|son|boyfriend|grandfather|uncle|(?<!\bfemale )partner|doctor|physician)\b",
        re.I,
    ),
}
_OF_SEX = {
    "female": re.compile(r"\b(?:she|her|hers)\b", re.IGNORECASE),
    "male": re.compile(r"\b(?:he|him|his)\b", re.IGNORECASE),
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
        severe since some symptoms the their there these they this those two three up we when where while with
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
    said = _LABEL.sub("", _LEAD.sub("", without_remarks(sentence.replace("n\u2019t", "n't"))))
    said = _lowered(_CASE.sub("The patient", said))
    if _MOTHER.search(said):
        said = re.sub(r"\b(?:the|her) (baby|fetus|infant|newborn)\b", r"my \1", said, flags=re.IGNORECASE)
    said = _APPOSITIVE.sub(r"The patient is \g<what> and ", said)
    said = re.sub(
        r"^(?:(?:the )?patient, )?me, ", "I, ", re.sub(r"^Patient\b", "The patient", said), flags=re.IGNORECASE
    )
    said = _REPORTED.sub(r"\1", said)
    said = standing(said)
    if _PARENT.search(said):
        # The parent speaks of the patient.
        said = _CHILD.sub(_as_child, said)
    if not said.endswith("?"):
        said = _BARE.sub(lambda verb: f"The patient {verb.group().lower().replace('complaining', 'complains')}", said)
    said = _AGED.sub(_introduced, said, count=1)
    said = _DENIES.sub("I have had no ", said, count=1) if _DENIES.match(said) else said
    said = _as_said(said)
    names = _PRONOUNS.get(sex, _PRONOUNS[None])
    names = _PRONOUNS[_opposite(said)] if sex is None else names
    other = _other(said, sex) if sex is not None or names is _PRONOUNS[None] else None
    if other is None:
        said = _own(said, names)
    else:
        # Before the other person is named, the pronouns are the patient's.
        said = _own(said[:other], names) + said[other:]
        said = _RELATIVE.sub("my ", re.sub(rf"\b{_WHO}'s\b|^(?:his|her)\b", "my", said, flags=re.IGNORECASE))
        said = re.sub(rf"^{names.subject.pattern}", _subject, said, flags=re.IGNORECASE)
        said = _SAW_PATIENT.sub(r"\1 me", _own(said, _BY_NAME))
        said = _SAW_THAT.sub(lambda saw: f"{saw['saw']} I {_first(saw['verb'])}", said)
    said = plainly(agreed(re.sub(r"^(my \w+) and s?he\b", r"\1 and I", said)))
    if not re.search(r"(?:^|, )I\b", said):
        said = said.replace("but otherwise has ", "but otherwise I have ")
    said = whole(said.strip())
    if not _OWN_WORDS.search(sentence.removeprefix("I have ")):
        said = in_lay_words(said)
    return as_clause(said)


_AND_THAT = re.compile(r"(?P<and>,? (?:and|but)) that (?=(?:it|they|there|he|she|I|his|her|my|the|this|these)\b)")
_THEIR_OWN = re.compile(
    r"^(?P<thing>(?:the|this|it|his|her|my) (?!mother|father|wife|husband|parents|partner)[^,.;]{2,60}?) and "
    r"(?=has had (?:\w+ ){0,2}(?:evaluations?|surger\w+|operations?|treatments?|tests?|visits?|episodes?)\b"
    r"|has (?:taken|tried|used|undergone|sought|visited|seen)\b|(?:takes|took|tried|uses|used|sought|underwent|smokes"
    r"|drinks|denies|visited)\b)",
    re.IGNORECASE,
)
"""Matches a thing that someone speaks of, before what only the speaker does."""


def _as_said(reported: str) -> str:
    """Return what somebody states; "states that it hurts and has tried a cream" gives the speaker back to "has"."""
    said = _SAYS_THAT.sub("", reported, count=1)
    if said == reported:
        return reported
    return _THEIR_OWN.sub(r"\g<thing> and the patient ", _AND_THAT.sub(r"\g<and> ", said))


_ADJECTIVE = re.compile(
    r"(?:ent|ant|ful|ic|ous|ive|less|[^s]ed|[^lm]ing|ible|able|thick|thin|red|dry|flaccid|multiple|scaly|crusty"
    r"|rough|sudden|severe|acute|hard|soft|tender|sharp"
    r"|dull|still|mild|painful|itchy|greasy|dark|pale|yellow|green|pink|brown|white|buccal|small|large|old|new)$",
    re.IGNORECASE,
)


def _lowered(title: str) -> str:
    """Write a title whose words all begin with capitals in lower case."""
    words = re.findall(r"[A-Za-z]{4,}", title)
    if len(words) < 3 or not all(word[0].isupper() and word[1:].islower() for word in words):
        return title
    return title[:1] + re.sub(r"\b[A-Z][a-z]+\b", lambda word: word.group().lower(), title[1:])


def as_clause(text: str) -> str:
    """Begin a clause in lower case if its first word is a common one, and end it without a full stop."""
    first = re.match(r"[A-Za-z]+", text)
    if first and first.group().lower() in _LOWER:
        text = text[:1].lower() + text[1:]
    return text.rstrip(". ")


def symptom(text: str) -> str:
    """Word a symptom in note form ("Double vision") as a clause; whole sentences and denials are not changed."""
    text = text.strip().rstrip(".")
    told = (
        rf"(?:no|denies|denied|unaware|none|not|I|he|she|(?:the )?patient|history|reports?|states|notes|appears?"
        rf"|appeared|exclusively"
        rf"|relieved|mother|father|parents?|brother|sister|wife|husband|currently|recently|{HABITS})\b"
    )
    if re.match(told, text, re.IGNORECASE):
        return text
    text = _listed(text)
    if re.search(
        r"^(?!.*\b(?:that|which|who|when)\b).*\b(?:is|are|was|were|has|have|had|spread|died|worsens?|improves?"
        r"|occurs?|started|began|radiat\w+s)\b",
        text,
    ):
        return text
    lowered = text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text
    return f"I have {lowered}"


def _listed(text: str) -> str:
    """Put "and" before the last of several symptoms."""
    parts = text.split(", ")
    if len(parts) < 2 or re.search(r"(?:^| )and ", parts[-1]) or any(len(part.split()) > 4 for part in parts):
        return text
    if any(_ADJECTIVE.search(part) for part in parts[:-1]):
        return text
    return f"{', '.join(parts[:-1])} and {parts[-1][:1].lower() + parts[-1][1:]}"


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


def _own(said: str, names: _Pronouns) -> str:
    said = names.subject.sub(_subject, said)
    return names.object.sub("me", names.own.sub("my", names.self.sub("myself", said)))


def _opposite(sentence: str) -> str | None:
    """Return the sex of whom a pronoun must be the patient's, since only persons of the other sex are named."""
    kinds = [kind for kind, people in _OTHERS.items() if people.search(sentence)]
    opposite = {"female": "male", "male": "female"}[kinds[0]] if len(kinds) == 1 else None
    return (
        opposite if opposite and _OF_SEX[opposite].search(sentence) and not _OF_SEX[kinds[0]].search(sentence) else None
    )


def _other(sentence: str, sex: str | None) -> int | None:
    """Return where another person of the patient's sex is first named; None if nobody is."""
    kinds = [sex] if sex in _OTHERS else list(_OTHERS)
    found = [match.start() for kind in kinds if (match := _OTHERS[kind].search(sentence))]
    if not found:
        return None
    whose = _WHOSE.search(sentence[: min(found)])
    return whose.start() if whose else min(found)
