"""Make sentences that can stand alone of notes without a subject or a verb: entries of lists, "Female, 65, …"."""

from __future__ import annotations

import re

LONGEST_ENTRY = 120
"""Most characters of an entry that is only a name."""

_ENTRIES = {"history": "I have a history of", "treatment": "I take", "allergies": "I am allergic to"}
"""Topic → what makes a sentence of an entry of its list."""
_STANDS = re.compile(
    r"^(?:no|not|none|nil|unremarkable|denie[sd]|unknown|n/?a|I|he|she|the patient|my)\b|\bhistory\b|\ballerg\w+"
    r"|\b(?:is|are|was|were|has|have|had|takes?|uses?|used|does|did|been|tried|started|stopped|diagnosed|denie[sd])\b"
    r"|^only\b|\bsignificant\b|\bup to date\b",
    re.IGNORECASE,
)
"""Matches an entry that is a sentence, a denial, or more than a name."""
_AGED = r"(?:(?:aged? )?\d{1,3}(?:[- ]years?)?(?:[- ]old)?,\s*)?"
_SEXED = re.compile(
    r"^(?:an? )?(?:young |old |elderly |middle-aged )?(?:female|male|woman|man|girl|boy)(?: patient)?,\s*"
    rf"{_AGED}(?:who )?(?P<verb>(?:has|had|is|was|presente?d?s?|develope?d?s?|complain(?:s|ed)|suffers?|came)\b)?",
    re.IGNORECASE,
)
"""Matches the beginning "Female, 65 years old," of a sentence, and its verb."""
_KNOWN = re.compile(r"^(?:known|past|prior|previous|long|remote|strong)(?= (?:\w+ )?history of\b)", re.IGNORECASE)
_FAMILY = re.compile(r"^family history of ", re.IGNORECASE)
_REMARKS = re.compile(r"^(un)?remarkable ((?:\w+ ){0,3}history)$", re.IGNORECASE)
_HAS_NO = re.compile(
    r"^no (?=(?:\w+ ){0,5}(?:history|allerg\w+|surger\w+|medications?|illness\w*|diseases?|complaints)\b)",
    re.IGNORECASE,
)
_POSITIVE = re.compile(r"^positive for ", re.IGNORECASE)
_IS = re.compile(
    r"^(?:(?:retired|former|unemployed|full-time|part-time) \w+(?=$|[,;(]| (?:who|and|in|at|from|for)\b)"
    r"|non-?smoker|(?:former |current |ex-)?smoker|(?:\w+ )?student|social drinker|teetotaler|vegetarian|vegan)\b",
    re.IGNORECASE,
)
"""Matches the beginning of an entry that only says what the patient is."""
_DONE = re.compile(
    r"^(?:(?:recently|previously|currently|newly|formerly|initially) )?(?:being )?"
    r"(?:diagnosed|treated|hospitali[sz]ed|admitted|evaluated|seen|prescribed|vaccinated|operated|born)\b",
    re.IGNORECASE,
)
"""Matches the beginning of a note that says what was done with the patient."""
HABITS = (
    "attends|avoids|comments|consumes|coughs|craves|cries|drinks|eats|exercises|exhibits|experiences|expresses|feels|gets"
    "|goes|lives|mentions|needs|plays|prefers|remains|requires|seems|shows|sleeps|smokes|spends|studies|takes|tends|uses"
    "|vapes|vomits|wakes|walks|wants|wishes|works|worries"
)
"""Verbs of what a patient does, in the third person."""
_STATE = re.compile(
    r"^(?:(?:not|no longer|currently|previously|recently|generally|otherwise|usually|mostly|happily|fully) )*"
    r"(?:sexually active|married|single|divorced|widowed|separated|retired|(?:self-)?employed|unemployed|homeless"
    r"|pregnant|right-handed|left-handed|immuni[sz]ed|vaccinated|healthy|well|monogamous|adopted|independent|bedridden"
    r"|asymptomatic|post-?menopausal|nulliparous)"
    r"(?=$|[,;(]| (?:with|and|at|for|since|but|in|on|to|by|until|without|prior|apart|from|now|as)\b)",
    re.IGNORECASE,
)
"""Matches the beginning of a note that says what state the patient is in."""
_ON = re.compile(
    r"^(?:currently |not |no longer )?on (?=(?:any|no|regular|oral|daily|medications?|treatment)\b)", re.IGNORECASE
)
_PEOPLE = (
    r"(?:mother|father|mom|dad|parents?|brother|sister|siblings?|husband|wife|spouse|partner|son|daughter|grandmother"
    r"|grandfather|girlfriend|boyfriend|uncle|aunt|guardian|caregivers?|family members?)"
)
_RELATIVE = re.compile(rf"^(?:the )?({_PEOPLE})\b|\bthe ({_PEOPLE})\b(?= |'s)", re.IGNORECASE)
_OF_RELATIVE = re.compile(rf"^(my {_PEOPLE}) (?:with|positive for) ")
_THING = re.compile(
    r"^(lesions?|rash(?:es)?|pain|symptoms?|swelling|itching|fever|immuni[sz]ations?|vaccinations?)"
    r" (?=(?:has|have|is|are|was|were|began|started|worsen\w*|improve\w*|resolved|appeared|spread|up to date)\b)",
    re.IGNORECASE,
)
_HISTORY = re.compile(r"^(?:only |otherwise )?(?:significant|notable|remarkable) (?=(?:only )?for\b)", re.IGNORECASE)
_PAST = re.compile(
    r"^(?:(?:recently|previously|currently|formerly|occasionally|often|rarely|never|also|now) )?"
    r"(?:returned|travel?led|moved|met|lost|gained|noticed|developed|experienced|underwent|received|visited"
    rf"|(?:does|did|has|was|is)(?: not|n't)?|{HABITS})(?= )",
)
"""Matches the beginning of a note whose subject, the patient, is left out."""
_SYMPTOM = re.compile(
    r"^(?:[A-Za-z-]+ ){0,3}?(?:(?P<one>rash|lump|bump|spot|sore|blister|ulcer|lesion|cough|fever|headache)"
    r"|rashes|pains?|itching|swelling|lumps|bumps|spots|sores|blisters|ulcers|lesions|papules|plaques|nausea|vomiting)"
    r"(?: and (?:[A-Za-z-]+ )?[A-Za-z-]+)?$",
    re.IGNORECASE,
)
"""Matches a note that only names a symptom."""
_NOUNS = re.compile(
    r"^(?:(?:\w+-)?\w+ ){0,3}\w+ (?:of|in|on|with|to|from|about|around|over|under|during|since)\b"
    r"|^(?:one|two|three|four) ",
    re.IGNORECASE,
)
_NO_NOUN = re.compile(
    r"(?:no|not|none|nil|without|denies|negative|never|the|this|these|those|my|his|her|our|your|after|before|during|because|when"
    r"|while|since|if|in|on|at|for|from|with|to|as|by|also|although|there|now|then|recently|currently|sometimes|occasionally"
    r"|each|every|both|all|patient|please|admits|diagnose|treat|help"
    r"|reports?|reported|states|notes|denied|complains|describes|presents|appears)\b",
    re.IGNORECASE,
)
"""Matches the beginning of what is a denial or no noun."""
_VERB = re.compile(
    r"\b(?:am|is|are|was|were|be|been|has|have|had|do|does|did|can|could|will|would|may|might|must|should|began|came|went|got"
    r"|felt|grew|spread|left|took|made|said|told|found|saw|became|hurts?|burns?|itch(?:es)?|comes?|goes|gets?|feels?|looks?"
    r"|turn|look|get|grow|bleed|peel|crack|fall|swell|ache|keep|start|begin|become|go|last|come|feel"
    r"|occurs?|appears?|lasts?|starts?|begins?|helps?|seems?|worsens?|improves?|bleeds?|radiates?|persists?|varies)\b"
    r"|(?<!^)\b(?!(?:unrelated|red|bed|need|speed|blood|wed|shed|medicated|untreated)\b)[a-z]+ed\b|\b(?:I|he|she|it|they|we|you|me|my|there|this|that|patient|who|which)\b|['\u2019](?:s|re|ve|m|d)\b",
    re.IGNORECASE,
)
"""Matches what may be the verb or the subject of a sentence."""


def named(entry: str, topic: str) -> str:
    """Word an entry of a topic's list ("Hypertension", "Glyburide") as a sentence."""
    bare = entry.strip().rstrip(".")
    if _DONE.match(bare):
        return _DONE.sub(_done, bare)
    if not re.search(r"[A-Za-z]", bare) or topic not in _ENTRIES or len(bare) > LONGEST_ENTRY or _STANDS.search(bare):
        return entry
    return f"{_ENTRIES[topic]} {bare[:1].lower() + bare[1:] if bare[1:2].islower() else bare}"


def standing(sentence: str) -> str:
    """Give a note without its subject or verb a whole form; any other sentence, and a question, is not changed."""
    if sentence.endswith("?"):
        return sentence
    said = _with_subject(_SEXED.sub(_subject, sentence))
    said = _FAMILY.sub("there is a family history of ", said)
    said = _KNOWN.sub(lambda known: f"I have a {known.group().lower()}", said)
    said = _REMARKS.sub(lambda found: f"my {found.group(2)} is {found.group(1) or ''}remarkable".lower(), said)
    said = _POSITIVE.sub("I have ", _HAS_NO.sub("I have no ", said))
    said = _IS.sub(lambda is_: f"I am {'an' if is_.group()[0] in 'eE' else 'a'} {is_.group().lower()}", said)
    return said if said != sentence else _bare(said)


def _with_subject(note: str) -> str:
    """Give a note without a subject the patient as subject, or their history, or `my` before a relative."""
    said = _STATE.sub(lambda state: f"I am {state.group().lower()}", note)
    said = _ON.sub(lambda on: f"I am {on.group().lower()}", said)
    said = _HISTORY.sub(lambda history: f"my history is {history.group().lower()}", said)
    said = _DONE.sub(_done, said)
    said = _RELATIVE.sub(lambda who: f"my {(who.group(1) or who.group(2)).lower()}", said)
    said = _OF_RELATIVE.sub(r"\1 has ", said)
    said = _THING.sub(_of_mine, said)
    return said


def _done(done: re.Match[str]) -> str:
    was = done.group().lower()
    return f"I {'am' if was.startswith(('currently', 'being')) else 'was'} {was}"


def _of_mine(thing: re.Match[str]) -> str:
    name = thing.group(1).lower()
    if name.startswith(("immun", "vaccin")):
        return f"my {name} are " if not re.match(r"(?:are|is)\b", thing.string[thing.end() :]) else f"my {name} "
    return f"the {name} "


def _bare(note: str) -> str:
    """Give a subject to a note that begins with a verb, and a verb to one that is only a noun."""
    begins = note[:1].lower() + note[1:]
    if note[:1].isupper() and (found := _PAST.match(begins)):
        return f"The patient {found.group()}{begins[found.end() :]}"
    if (named := _SYMPTOM.match(note)) and not _VERB.search(note) and not _NO_NOUN.match(note):
        article = "an " if begins[0] in "aeiou" else "a "
        return f"I have {article if named.group('one') else ''}{begins if note[1:2].islower() else note}"
    if len(note) <= LONGEST_ENTRY and _NOUNS.match(note) and not _VERB.search(note) and not _NO_NOUN.match(note):
        return f"I have {begins if note[1:2].islower() else note}"
    return note


def _subject(who: re.Match[str]) -> str:
    return f"The patient {who['verb']}" if who["verb"] else "I have "
