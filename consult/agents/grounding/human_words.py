"""What a person's own words say: that there is nothing, or that something dangerous is going on.

No card backs them, so a program reads the words. It looks at each clause alone and errs to the safe side: what it does
not understand is there, and a danger that may be over is one.
"""

from __future__ import annotations

import re


def denies(text: str) -> bool:
    """Return whether all that a person says is that there is nothing, or that they do not know."""
    told = [clause for clause in _clauses(text) if not _FILLER.fullmatch(clause)]
    return bool(told) and all(_denies(clause) for clause in told)


def danger_in(text: str) -> str:
    """Return the first sentence that tells of a danger, without its full stop; empty if none does."""
    for sentence in re.split(r"(?<=[.!?])\s+", text.strip()):
        if any(_endangers(clause) for clause in _clauses(sentence)):
            return sentence.rstrip(".")
    return ""


def _clauses(text: str) -> list[str]:
    plain = text.replace("\u2019", "'").strip()
    found = [clause.strip(" \"'()") for clause in _JOINTS.split(plain)]
    return [_LEAD_IN.sub("", clause) for clause in found if clause]


def _denies(clause: str) -> bool:
    if _IGNORANT.match(clause):
        return True
    match = _DENIAL.match(clause)
    # "No sleep" and "it does not heal" tell of something.
    return match is not None and not _LACK.match(clause[match.end() :])


def _endangers(clause: str) -> bool:
    return any(
        not _NEGATION.search(clause[: match.start()]) and not _DENIED_AFTER.match(clause[match.end() :])
        for match in _DANGER.finditer(clause)
    )


def _either(*parts: str) -> str:
    return rf"(?:{'|'.join(parts)})"


_JOINTS = re.compile(
    r"[.,;:!?\u2026]+(?:\s+|$)|\s[\u2013\u2014-]+\s|\u2014"
    r"|\s*\b(?:but|although|though|except|because|since|why|until|when|while|only)\b\s*"
    r"|\s+and\s+(?=(?:i|i'm|i've|i'd|my|it|it's|it'd|there|there's|he|she|they|we|the|this|that|now)\b)",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(
    r"^(?:(?:well|oh|um+|uh+|er+m?|hm+|so|and|or|then|honestly|actually|luckily|thankfully|fortunately|doctor|really|"
    r"i (?:think|believe|guess|suppose|would say|'d say)|i'd say|as far as i know|to be honest)\b[\s,]*)+",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"|(?:as|so) far as i (?:know|can (?:tell|see|remember))|that i know(?: of)?|i(?: do)? think(?: so)?"
    r"|(?:thank you|thanks|sorry|please|doctor|ok(?:ay)?|fine|luckily|so far|yet|really|at all)(?: doctor)?",
    re.IGNORECASE,
)
"""A clause that says neither."""
_IGNORANT = re.compile(
    r"(?:i )?(?:(?:do not|don't|dont|didn't|did not|couldn't|could not|can't|cannot|wouldn't) "
    r"(?:really |quite )?(?:know|remember|recall|say|tell)|(?:have )?no (?:idea|clue)|(?:i'm |am )?not sure)\b"
    r"(?! (?:how to|what to))",
    re.IGNORECASE,
)
_SUBJECT = r"(?:i|i'm|i've|i'd|we|we've|there|there's|it|it's|that|that's|this|he|he's|she|she's|they)"
_DENIAL = re.compile(
    _either(
        r"(?:no|nope|nah|none|nothing|nobody|no one|nowhere|neither|negative|without)\b"
        r"(?! more than| less than| longer)",
        r"not (?=(?:that|really|at all|as far|so far|to my|yet|any|anything|anybody|anyone|even|once|one)\b|$)",
        r"not$",
        r"never\b(?! without)",
        rf"{_SUBJECT}(?: (?:still|really|also|just))? (?:am|is|are|was|were|do|does|did|have|has|had)"
        r"(?:n't| not| never)\b",
        r"(?:it|that|there|this|he|she)'s (?:not|never)\b",
        r"(?:i'm|we're|they're) not\b",
        r"(?:i've|we've|they've|i'd) (?:not|never)\b",
        rf"{_SUBJECT} never\b",
        rf"{_SUBJECT} (?:had|have|has|take|took|use|used|know of|see|saw|feel|felt|is|was|are|were|got) "
        r"(?:no|none|nothing|nobody|no one)\b",
        r"(?:it|there|that)'s (?:no|none|nothing|nobody)\b",
        r"(?:i've|i) (?:had|got|tried|taken|noticed) (?:no|none|nothing)\b",
        r"\w+(?: \w+)? (?:do|does|did|has|have|had|is|are|was|were)(?:n't| not) (?=have\b|had\b|got\b|any\b)",
    ),
    re.IGNORECASE,
)
"""How a clause begins that says that something is not there."""
_LACK = re.compile(
    r"\W*(?:(?:really|quite|even|very|been|be|being|getting|able to|want to|going|had|have|any|feel|feeling|get|got|a|"
    r"much|the|my|seem to|seems to|longer|more)\s+){0,3}"
    r"(?:feeling(?! of)|sensation|sle(?:ep|pt)\w*|appetite|relief|improve\w*|improving|air|breath\w*|energy|strength|"
    r"power|urine|pulse|taste|smell|sight|vision|change[sd]?|changing|doubt|cure|way|eat\w*|drink\w*|"
    r"see(?:ing)?(?! any)|hear\w*|swallow\w*|walk\w*|move|moving|heal\w*|stop\w*|go(?:ne|ing)?\b|fade|"
    r"fading|clear\w*|respond\w*|work\w*|help(?:s|ed|ing)?|better|well\b|right|normal\w*|close|clos\w+|wak\w+|pee\w*|urinat\w+|"
    r"sit|stand|speak\w*|talk\w*|think straight|concentrat\w*|last\w*|go away|let up|ease[sd]?|easing|alone|stay\w*|"
    r"the same|used to|hold|bear|stand it|relax|good|great|fine|ok(?:ay)?)\b",
    re.IGNORECASE,
)
"""What a patient complains of not having."""
_NEGATION = re.compile(
    r"(?:\b(?:no|not|never|without|neither|nor|nobody|none|deny|denies)\b|n't\b)(?:\W+[\w']+){0,5}\W*$", re.IGNORECASE
)
"""A negation within the last few words before a danger."""
_DENIED_AFTER = re.compile(r"\W*(?:no|none|never|not)\W*$", re.IGNORECASE)

_CANNOT = r"(?:can't|cannot|can not|cant|couldn't|could not|(?:un|not )able to|hard(?:ly)? (?:to|able to)|hardly)"
_BADLY = r"(?:(?:trouble|difficult(?:y|ies)|problems?|struggl\w+)(?: with| in| to)?|hard to)"
_SWELLS = r"(?:clos\w+|swell\w*|swollen|tighten\w*|tight|getting (?:tight|thick|big)\w*)"
_DANGER = re.compile(
    r"\b"
    + _either(
        rf"{_CANNOT} (?:\w+ )?(?:breathe?|get (?:any |enough )?air|catch my breath)",
        rf"{_BADLY} (?:breath\w*|swallowing)|short(?:ness)? of breath|out of breath|breathless|gasp\w*|chok(?:e|ing)",
        r"(?:suffocat\w+|stopped breathing)",
        rf"{_CANNOT} (?:\w+ )?swallow",
        rf"(?:throat|tongue|lips?|mouth|face)(?: (?:and (?:my )?\w+|is|are|has|have|feels?|keeps?|starts?|started|"
        rf"began|being|been|all|so|very|to|suddenly|badly)){{0,4}} {_SWELLS}",
        rf"{_SWELLS} (?:of (?:the |my )?)?(?:throat|tongue|lips?)",
        r"(?:blue|grey|gray) lips|lips (?:\w+ ){0,3}(?:blue|grey|gray)",
        r"chest (?:\w+ ){0,2}(?:pain\w*|hurts?|pressure|tight\w*)",
        r"(?:pain|pressure|tightness) (?:in|on|across) (?:my |the )?chest",
        r"(?:faint(?:ed|ing)|pass(?:ed|ing) out|collaps\w+|unconscious|lost consciousness|black(?:ed|ing) out)",
        r"(?:seizures?|convulsions?|heart attack|stroke|anaphyla\w+|overdos\w+|sepsis)",
        rf"{_CANNOT} (?:\w+ )?(?:speak|move (?:my|one|the) \w+)|slurred? (?:my )?(?:speech|words)|speech is slurred",
        r"face (?:\w+ )?droop\w*|one side of (?:my|the) (?:body|face)|paraly[sz]ed",
        rf"{_CANNOT} (?:\w+ )?see\b(?! (?:the|a|any|it|him|her|what|why|how|how|my|your)\b)",
        r"(?:lost|losing|loss of) (?:my |the )?(?:eye)?(?:sight|vision)|(?:went|gone|going|suddenly) blind",
        r"(?:won't|doesn't|not|never) stop(?:s|ped|ping)? bleeding|bleed\w* (?:\w+ )?(?:won't|doesn't|not) stop\w*",
        r"(?:cough|vomit|throw|spit)\w*(?: up)? (?:\w+ )?blood|bleed\w* (?:heavily|badly|a lot)|heavy bleeding",
        r"stiff neck|neck is (?:\w+ )?stiff",
        r"(?:kill(?:ing)?|hang(?:ing)?|harm(?:ing)?|hurt(?:ing)?) myself|suicid\w+|end(?:ing)? my (?:own )?life",
        r"(?:don't|do not) want to (?:live|be alive)|want(?:ed)? to die",
        rf"(?:won't|{_CANNOT}|not) (?:\w+ )?wake(?: up)?|very drowsy|suddenly confused|very confused",
    )
    + r"(?!\w)",
    re.IGNORECASE,
)
"""Danger signs as people word them; short, since it is for words that no card backs."""
