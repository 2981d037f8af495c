"""Make sentences that can stand alone of notes without a subject or a verb: entries of lists, "Female, 65, …"."""

from __future__ import annotations

import re

LONGEST_ENTRY = 180
"""Most characters of an entry that is only a name."""

_ENTRIES = {"history": "I have a history of", "treatment": "I take", "allergies": "I am allergic to"}
"""Topic → what makes a sentence of an entry of its list."""
_STANDS = re.compile(
    r"^(?:no|not|none|nil|unremarkable|denie[sd]|unknown|n/?a|I|he|she|the patient|my)\b|^(?:[\w-]+ ){0,4}history "
    r"(?:of|is|was)\b|\ballerg\w+"
    r"|\b(?:is|are|was|were|has|have|had|takes?|uses?|used|does|did|been|tried|started|stopped|diagnosed|denie[sd])\b"
    r"|^only\b|\bsignificant\b|\bup to date\b",
    re.IGNORECASE,
)
"""Matches an entry that is a sentence, a denial, or more than a name."""
_AGED = r"(?:(?:aged? )?\d{1,3}(?:[- ]years?)?(?:[- ]old)?,\s*)?"
_DIAGNOSED = re.compile(
    r"^(?P<what>(?!I\b|was|recently|previously|newly|first|he\b|she\b)[\w' -]{3,50}?),? (?:was |first )?diagnosed "
    r"(?P<when>.*\b(?:ago|in \d{4}|at \d+|as an?|since)\b.*)$",
    re.IGNORECASE,
)
_VERBAL = re.compile(
    r"^(?:underwent|delivered|currently|recently|antenatal complications included|up[- ]to[- ]date|lives|born"
    r"|premature(?:ly)? (?:born|delivered)|is|has|had|was|newborn|infant|no|birth history|family history|exclusively"
    r"|menarche)\b",
    re.IGNORECASE,
)
"""Matches an entry of a list that is no name."""
_QUALIFIES = re.compile(
    r"(?:currently|otherwise|treated|managed|medicated|controlled|well|lasting|no|now|with|diagnosed|since|on|last"
    r"|most|poorly|status|which|including|both)\b"
)
"""Matches what is no further name of a list, but more about the one before it."""
_PROPER = frozenset(
    [
        "Crohn",
        "Kaposi",
        "Lyme",
        "Graves",
        "Parkinson",
        "Alzheimer",
        "Hodgkin",
        "Hashimoto",
        "Cushing",
        "Addison",
        "Down",
        "Turner",
        "Marfan",
        "Raynaud",
        "Barrett",
        "Meniere",
        "Wilson",
        "Bell",
        "Asperger",
        "Tourette",
        "Epstein",
        "Barr",
        "Ebola",
        "Zika",
        "English",
        "Chinese",
        "American",
        "African",
        "Monday",
        "Tuesday",
        "January",
    ]
)
_SEXED = re.compile(
    r"^(?:an? )?(?:young |old |elderly |middle-aged )?(?:female|male|woman|man|girl|boy)(?: patient)?,\s*"
    rf"{_AGED}(?:who )?(?P<verb>(?:has|had|is|was|presente?d?s?|develope?d?s?|complain(?:s|ed)|suffers?|came)\b)?",
    re.IGNORECASE,
)
"""Matches the beginning "Female, 65 years old," of a sentence, and its verb."""
_YEARS = re.compile(r"^(?=[\w-]+-(?:day|week|month|year)(?:-long)? history of\b)", re.IGNORECASE)
_KNOWN = re.compile(r"^(?:known|past|prior|previous|long|remote|strong)(?= (?:\w+ )?history of\b)", re.IGNORECASE)
_FAMILY = re.compile(r"^family history of ", re.IGNORECASE)
_REMARKS = re.compile(r"^(un)?remarkable ((?:\w+ ){0,3}history)$", re.IGNORECASE)
_HAS_NO = re.compile(
    r"^no (?=(?:\w+ ){0,5}(?:history|allerg\w+|surger\w+|medications?|illness\w*|diseases?|complaints)\b)",
    re.IGNORECASE,
)
_POSITIVE = re.compile(r"^positive for ", re.IGNORECASE)
_NEGATIVE = re.compile(r"^negative for (?:any |signs of |symptoms of )*", re.IGNORECASE)
_IS = re.compile(
    r"^(?:(?:retired|former|unemployed|full-time|part-time) (?:\w+ )?\w+(?=$|[,;(]| (?:who|and|in|at|from|for)\b)"
    r"|(?:(?:elementary|primary|middle|high|secondary|school|registered|truck|taxi|bus|delivery|software|civil"
    r"|mechanical|electrical|bank|college|university|professional|self-employed|farm|hospital|graphic|social|math"
    r"|science|music|art|preschool|kindergarten|car|home|health) ){0,3}(?:teacher|engineer|nurse|accountant|farmer"
    r"|driver|clerk|lawyer|cook|chef|mechanic|plumber|carpenter|secretary|manager|programmer|-goer|construction "
    r"worker|office worker|factory worker|worker|cashier|hairdresser|electrician|painter|gardener|athlete|housewife"
    r"|homemaker)(?= by profession|$|[,;(]| (?:who|and|in|at|from|for)\b)|non-?smoker|(?:former |current "
    r"|ex-)?smoker|(?:\w+ )?student|social drinker|teetotaler|vegetarian|vegan)\b",
    re.IGNORECASE,
)
"""Matches the beginning of an entry that only says what the patient is."""
_DONE = re.compile(
    r"^(?:(?:recently|previously|currently|newly|formerly|initially|exclusively|fully) )?(?:being )?"
    r"(?:diagnosed|treated|hospitali[sz]ed|admitted|evaluated|seen|prescribed|vaccinated|operated|born|released"
    r"|discharged|incarcerated|delivered|breastfed)\b",
    re.IGNORECASE,
)
"""Matches the beginning of a note that says what was done with the patient."""
HABITS = (
    "attends|avoids|believes|brings|carries|chooses|complies|cooks|dresses|engages|enjoys|finds|follows|keeps|knows"
    "|lacks|likes|nicks"
    "|notices|owns|performs|picks|reads|recalls|receives|refuses|resides|rides|seeks|sits|speaks|struggles|suffers"
    "|swims|talks|thinks"
    "|travels|tries|visits|volunteers|wears|writes|yells|hears|sees|comments|consumes|coughs|craves|cries|drinks"
    "|eats|exercises|exhibits|experiences|expresses|feels|gets"
    "|goes|lives|mentions|needs|plays|prefers|remains|requires|seems|shows|sleeps|smokes|spends|studies|takes|tends"
    "|uses"
    "|vapes|vomits|wakes|walks|wants|washes|wishes|works|worries"
)
"""Verbs of what a patient does, in the third person."""
_STATE = re.compile(
    r"^(?:(?:not|no longer|currently|previously|recently|generally|otherwise|usually|mostly|happily|fully) )*"
    r"(?:sexually active|married|single|divorced|widowed|separated|retired|(?:self-)?employed|unemployed|homeless"
    r"|pregnant|right-handed|left-handed|immuni[sz]ed|vaccinated|healthy|well|monogamous|adopted|independent|bedridden"
    r"|asymptomatic|post-?menopausal|nulliparous|unaware|unable|(?:up[- ]to[- ]date)|in a relationship)"
    r"(?=$|[,;(]| (?:with|and|at|for|since|but|in|on|to|by|of|until|without|prior|apart|from|now|as)\b)",
    re.IGNORECASE,
)
"""Matches the beginning of a note that says what state the patient is in."""
_ON = re.compile(
    r"^(?:currently |not |no longer )?on (?=(?:any|no|regular|oral|daily|medications?|treatment)\b)", re.IGNORECASE
)
_PEOPLE = (
    r"(?:mother|father|mom|mum|dad|parents?|brother|sister|siblings?|husband|wife|spouse|partner|son|daughter"
    r"|grandmother"
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
    r"^(?:(?:recently|previously|currently|formerly|occasionally|often|rarely|never|also|now|just) )?"
    r"(?:(?:just )?fell ill|went to|felt|tried|used|took|stopped|quit|started|returned|travel?led|moved|met|lost"
    r"|gained|noticed|developed|experienced|underwent|received|visited"
    rf"|(?:does|did|has|was|is)(?: not|n't)?|{HABITS})(?= )",
)
"""Matches the beginning of a note whose subject, the patient, is left out."""
_SYMPTOM = re.compile(
    r"^(?:[A-Za-z-]+,? (?:and |or )?){0,4}?(?:(?P<one>rash|lump|bump|spot|sore|blister|ulcer|lesion|cough|fever"
    r"|headache|migraine|limp|tremor|wheeze|mole|nodule"
    r"|growth|cyst|boil)|rashes|pains?|aches?|itching|itch|itchiness|swelling|lumps|bumps|spots|sores|blisters"
    r"|ulcers|lesions|papules|plaques|patches|nausea"
    r"|vomiting|discharge|redness|cramps?|bleeding|dizziness|vertigo|weakness|numbness|tingling|palpitations"
    r"|breathlessness|shortness of breath|wheezing"
    r"|sneezing|tiredness|fatigue|insomnia|anxiety|diarrho?ea|constipation|heartburn|bloating|indigestion|stiffness"
    r"|rigors|chills|sweats|floaters|flashes"
    r"|halos|vision|discomfort|nosebleeds|hair loss|weight loss|weight gain|hearing loss|loss of \w+|thirst"
    r"|incontinence|contractions|spotting|orthopno?ea"
    r"|snoring|headaches|coughing|congestion|photophobia|irritation|tightness|lethargy|malaise|seizures?|bruising"
    r"|hoarseness"
    r"|(?:(?<=painful )|(?<=swollen )|(?<=itchy )|(?<=sore )|(?<=red )|(?<=dry )|(?<=stiff )|(?<=watery )"
    r"|(?<=blocked )|(?<=runny ))"
    r"(?:eyes?|knees?|ankles?|fingers?|toes?|joints?|hands?|feet|foot|throat|ears?|nose|skin|elbows?|wrists?|hips?"
    r"|scalp|gums|lips?|mouth|breasts?|legs?|arms?))"
    r"\b(?P<tail>(?:,? (?!worse|better|no\b)[\w'-]+){0,9})$",
    re.IGNORECASE,
)
"""Matches a note that only names a symptom, and perhaps its place or time."""
_WORSE = re.compile(
    r"^(?:I have (?:an? )?)?(?P<what>(?:the )?(?:[a-z-]+ ){0,3}?(?:pain|itching|itch|cough|rash|headaches?|symptoms?"
    r"|swelling|discomfort|breathlessness|dizziness|nausea|vision|tiredness|redness)) "
    r"(?P<how>(?:much )?(?:worse|better|relieved|aggravated|worst)\b.*)$",
    re.IGNORECASE,
)
_IT_IS = re.compile(
    r"^(?:much )?(?:worse|better|worst|relieved|aggravated|exacerbated|triggered) (?=(?:after|at|on|by|with|in"
    r"|during|when|while)\b)",
    re.IGNORECASE,
)
_LEVEL = re.compile(
    r"^(?P<what>appetite|sleep|energy(?: levels)?|weight|bowels|periods|urine output|wet nappies|mood|vision|hearing"
    r"|feeding|oral intake) (?P<how>(?:has |have )?(?:been )?"
    r"(?:reduced|decreased|increased|poor|good|normal|regular|irregular|stable|low|disturbed|fine|open(?:ed)? "
    r"(?:normally|regularly))\b.*)$",
    re.IGNORECASE,
)
_ONSET = re.compile(
    r"^(?:(?P<how>sudden|gradual|acute) )?onset (?:was )?(?P<when>(?=.*\b(?:ago|yesterday|today|last|this)\b).*)$",
    re.IGNORECASE,
)
_STATES = (
    (
        re.compile(
            r"^(?:known )?(asthmatic|diabetic|epileptic|hypertensive|alcoholic|vegetarian|vegan)(?=$|,| since| for)",
            re.IGNORECASE,
        ),
        r"I am \1",
    ),
    (
        re.compile(r"^(?:previously |entirely |completely )?(?:fit and )?well until ", re.IGNORECASE),
        "I was well until ",
    ),
    (
        re.compile(
            r"^not (?=(?:feeding|eating|drinking|sleeping|coping|gaining|walking|working|tolerating)\b)", re.IGNORECASE
        ),
        "I am not ",
    ),
    (re.compile(r"^(?=(?:\d+|multiple|several) (?:lifetime )?sexual partners\b)", re.IGNORECASE), "I have had "),
    (
        re.compile(r"^LMP\b[: ]*(?:was )?|^last (?:menstrual )?period[: ]+(?:was )?", re.IGNORECASE),
        "my last period was ",
    ),
)
"""What a note says in a few words of the patient's state → the same with a subject and a verb."""
_NOUNS = re.compile(
    r"^(?:(?:\w+-)?\w+ ){0,3}\w+ (?:of|in|on|with|to|from|about|around|over|under|during|since)\b"
    r"|^(?:one|two|three|four) ",
    re.IGNORECASE,
)
_NO_NOUN = re.compile(
    r"(?:no|not|none|nil|without|denies|negative|never|the|this|these|those|my|his|her|our|your|after|before|during"
    r"|because|when"
    r"|while|since|if|in|on|at|for|from|with|to|as|by|also|although|there|now|then|recently|currently|sometimes"
    r"|occasionally"
    r"|each|every|both|all|patient|please|admits|diagnose|treat|help"
    r"|reports?|reported|states|notes|denied|complains|describes|presents|appears)\b",
    re.IGNORECASE,
)
"""Matches the beginning of what is a denial or no noun."""
_VERB = re.compile(
    r"\b(?:am|is|are|was|were|be|been|has|have|had|do|does|did|can|could|will|would|may|might|must|should|began|came"
    r"|went|got"
    r"|felt|grew|spread|left|took|made|said|told|found|saw|became|hurts?|burns?|itch(?:es)?|comes?|goes|gets?|feels?"
    r"|looks?"
    r"|develop|involute|include|increase|involve|affect|disappear|occur|appear|cause|spread|heal|show|turn|look|get"
    r"|grow|bleed|peel|crack|fall|swell|ache|keep|start|begin|become|go|last|come|feel"
    r"|occurs?|appears?|lasts?|starts?|begins?|helps?|seems?|worsens?|improves?|bleeds?|radiates?|persists?|varies)\b"
    r"|(?<!^)\b(?!(?:unrelated|red|bed|need|speed|blood|wed|shed|medicated|untreated)\b)[a-z]+ed\b|\b(?:I|he|she|it"
    r"|they|we|you|me|my|there|this|that|patient|who|which)\b|['\u2019](?:s|re|ve|m|d)\b",
    re.IGNORECASE,
)
"""Matches what may be the verb or the subject of a sentence."""


def named(entry: str, topic: str) -> str:
    """Word an entry of a topic's list ("Hypertension", "Glyburide") as a sentence."""
    bare = entry.strip().rstrip(".")
    if (found := _DIAGNOSED.match(bare)) is not None:
        return f"I was diagnosed with {_begun(found['what'])} {found['when']}"
    if _VERBAL.match(bare):
        return entry
    if _DONE.match(bare):
        return _DONE.sub(_done, bare)
    if not re.search(r"[A-Za-z]", bare) or topic not in _ENTRIES or len(bare) > LONGEST_ENTRY or _STANDS.search(bare):
        return entry
    bare = re.sub(r"^medications: ", "", bare, flags=re.IGNORECASE)
    begins = "I take" if len(bare) < len(entry.strip().rstrip(".")) else _ENTRIES[topic]
    return f"{begins} {_joined(bare)}"


def _joined(names: str) -> str:
    """Begin a list of names in lower case, and put "and" before the last of them."""
    parts = re.split(r",\s+(?![^()]*\))(?:and )?", names)
    lowered = [_begun(part) for part in parts]
    if any(_QUALIFIES.match(part) for part in lowered):
        return ", ".join(lowered)
    return lowered[0] if len(parts) == 1 else f"{', '.join(lowered[:-1])} and {lowered[-1]}"


def _begun(name: str) -> str:
    """Write a name in lower case, except for abbreviations and what is called after a person."""
    return re.sub(
        r"\b[A-Z][a-z]+\b(?!'s)",
        lambda word: word.group() if word.group() in _PROPER else word.group().lower(),
        name,
    )


def standing(sentence: str) -> str:
    """Give a note without its subject or verb a whole form; any other sentence, and a question, is not changed."""
    if sentence.endswith("?"):
        return sentence
    said = sentence
    for pattern, words in _STATES:
        said = pattern.sub(words, said)
    said = _with_subject(_SEXED.sub(_subject, said))
    said = _ONSET.sub(_began, _YEARS.sub("I have a ", said))
    said = _WORSE.sub(lambda found: f"the {found['what'].lower().removeprefix('the ')} is {found['how']}", said)
    said = _IT_IS.sub(lambda found: f"it is {found.group().lower()}", said)
    said = _LEVEL.sub(_my_level, said)
    said = _FAMILY.sub("there is a family history of ", said)
    said = _KNOWN.sub(lambda known: f"I have a {known.group().lower()}", said)
    said = _REMARKS.sub(lambda found: f"my {found.group(2)} is {found.group(1) or ''}remarkable".lower(), said)
    said = _POSITIVE.sub("I have ", _NEGATIVE.sub("I have had no ", said))
    said = _HAS_NO.sub("I have no ", said)
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


def _began(onset: re.Match[str]) -> str:
    how = {"sudden": "suddenly ", "acute": "suddenly ", "gradual": "slowly "}.get((onset["how"] or "").lower(), "")
    return f"it began {how}{onset['when']}"


def _my_level(found: re.Match[str]) -> str:
    what, how = found["what"].lower(), found["how"]
    if how.startswith(("has", "have", "open")):
        return f"my {what} {how}"
    return f"my {what} {'are' if what.endswith('s') else 'is'} {how}"


def _subject(who: re.Match[str]) -> str:
    return f"The patient {who['verb']}" if who["verb"] else "I have "
