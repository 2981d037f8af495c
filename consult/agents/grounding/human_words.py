"""What a person's own words say: that there is nothing, or that something dangerous is going on.

A person has no card, so a program reads the words, clause by clause. If unsure, it assumes that something is present
and that a danger still exists.
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
        if any(_endangers(clause) for clause in _clauses(sentence)) or _is_blood_poisoning(sentence):
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


_CHILLS = re.compile(r"\b(?:shak(?:e|es|ing)|shiver\w*|chills?|rigors?|freezing)\b|\bkeep warm\b", re.IGNORECASE)
_SPREADS = re.compile(
    r"\bred\w* (?:\w+ ){0,4}(?:spread\w*|runs?|running|bigger|doubled|further|past the line)|\b(?:spread\w*|doubled)\b|"
    r"\b(?:all|getting) red(?:der)?\b",
    re.IGNORECASE,
)


def _is_blood_poisoning(sentence: str) -> bool:
    """Return whether a redness that spreads is told together with chills; neither alone is a danger sign."""
    return bool(_CHILLS.search(sentence) and _SPREADS.search(sentence))


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
"""A clause that neither denies nor reports anything."""
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
    r"(?:\b(?:no|not|never|without|neither|nor|nobody|none)\b|n't\b)(?:\W+(?!and\b)[\w']+){0,5}\W*$"
    r"|\b(?:deny|denies|denied)\b[^.!?]*$",
    re.IGNORECASE,
)
"""A negation within the last few words before a danger; what stands behind an "and" is not negated by it."""
_DENIED_AFTER = re.compile(r"\W*(?:no|none|never|not)\W*$", re.IGNORECASE)

_CANNOT = r"(?:can't|cannot|can not|cant|couldn't|could not|(?:un|not )able to|hard(?:ly)? (?:to|able to)|hardly)"
_BADLY = r"(?:(?:trouble|difficult(?:y|ies)|problems?|struggl\w+)(?: with| in| to)?|hard to)"
_HARD = r"(?:hard\w*|difficult\w*|an effort|painful|fast|shallow)"
_SWELLS = (
    r"(?:clos\w+|swell\w*|swollen|puff\w*|tighten\w*|tight|fat|(?:too )?(?:thick|big)|"
    r"(?:getting|gets|got|going) (?:all |really |so |very )?(?:tight|thick|big|fat)\w*)"
)
_STILL = r"(?:even )?(?:sitting|lying|resting|at rest|when i(?: just)? (?:sit|lie|rest))"
_WON_T_OPEN = r"(?:won't|doesn't|does not|will not|can't|cannot|(?:only|hardly|barely)) (?:\w+ )?opens?"
_TO_OPEN = rf"{_CANNOT} (?:\w+ )?open (?:my|the|one|that|this)"
_ALL_OVER = (
    r"(?:all over|everywhere|head to (?:foot|toe)|head to (?:my )?feet|"
    r"(?:whole|entire|all of (?:my|his|her)) (?:body|skin))"
)
_DARK = r"(?:black(?:ened)?|blue|purple|dark|dead|cold|died)"
_DANGER = re.compile(
    r"\b"
    + _either(
        rf"(?:{_CANNOT}|don't|do not|doesn't) (?:\w+ )?(?:breathe?|get (?:any |enough )?air|catch (?:my|"
        rf"his|her) breath)",
        rf"breath\w* (?:\w+ ){{0,2}}{_HARD}",
        r"(?:fight\w*|struggl\w*) for (?:air|breath)",
        rf"puff\w* .{{0,15}}(?:even )?{_STILL}",
        rf"{_BADLY} (?:breath\w*|swallowing)",
        r"short(?:ness)? of breath",
        r"out of breath",
        r"breathless",
        r"gasp\w*",
        r"chok(?:e|ing)",
        r"(?:suffocat\w+|stopped breathing)",
        rf"{_CANNOT} (?:\w+ )?swallow",
        r"swallow\w* (?:\w+ ){0,2}(?:hard|difficult\w*|doesn't work|impossible)",
        r"swollen (?:\w+ ){0,3}(?:under (?:my |the )?(?:chin|jaws?|tongue))",
        r"under (?:my |the )?(?:chin|tongue) .{0,20}swollen",
        r"under the jaws? .{0,20}swollen",
        r"floor of (?:my |the )?mouth .{0,20}(?:swoll?en|swells?)",
        r"fat under (?:my|the) (?:chin|tongue)",
        r"(?:spit|saliva|drool) runs out",
        r"drool\w*",
        r"tongue (?:\w+ ){0,3}(?:no (?:room|space)|push\w* up\w*)",
        r"push\w* my tongue",
        r"lump under (?:my|the) chin",
        rf"(?:throat|tongue|lips?|mouth|face)(?: (?:and (?:my )?\w+|is|are|has|have|feels?|keeps?|starts?|"
        rf"started|began|being|been|all|so|very|really|to|suddenly|badly|as if|like|it's|it is|its)){{0,4}} {_SWELLS}",
        rf"{_SWELLS} (?:of (?:the |my )?)?(?:throat|tongue|lips?)",
        r"(?:blue|grey|gray) lips",
        r"lips (?:\w+ ){0,3}(?:blue|grey|gray)",
        r"chest (?:\w+ ){0,2}(?:pain\w*|hurts?|pressure|tight\w*)",
        r"(?:pain|pressure|tightness) (?:in|on|across) (?:my |the )?chest",
        r"(?:faint(?:ed|ing)|pass(?:ed|ing) out|collaps\w+|unconscious|lost consciousness|black(?:ed|ing) out)",
        r"(?:seizures?|convulsions?|heart attack|(?:a|the|had|another) stroke|anaphyla\w+|overdos\w+|sepsis)",
        rf"{_CANNOT} (?:\w+ )?(?:speak|move (?:my|one|the) \w+)",
        r"slurred? (?:my )?(?:speech|words)",
        r"speech is slurred",
        r"face (?:\w+ )?droop\w*",
        r"(?<!round )one side of (?:my|the) (?:body|face) (?:is|has|feels|went|won't|droops?|hangs?)",
        r"paraly[sz]ed",
        rf"{_CANNOT} (?:\w+ )?see (?:as |so )?(?:well|properly|clearly)",
        r"(?:sight|vision) (?:\w+ ){0,3}(?:worse|bad|poor|gone)",
        r"(?:everything|all) (?:\w+ ){0,3}(?:blurr\w*|fogg\w*|fuzz\w*|misty|hazy)",
        r"see(?:ing)? (?:double|two of)",
        r"(?:can't|cannot) (?:\w+ )?bear (?:\w+ )?light",
        r"hurts? (?:\w+ )?deep in(?:side)? my eye",
        r"eye aches? deep",
        r"eye(?:lid)?s?(?: \w+){0,3} (?:swollen|puffed) (?:shut|closed|up)",
        r"lids?(?: \w+){0,3} swollen shut",
        r"closed my eye",
        rf"{_TO_OPEN} eyes?",
        rf"eye (?:\w+ ){{0,4}}{_WON_T_OPEN}",
        r"eye (?:\w+ ){0,2}(?:bulges?|sticks? out|pokes? out|won't move)",
        r"it (?:bulges|sticks out)",
        r"move the eye hurts",
        r"moving (?:the|my) eye hurts",
        r"hurts to (?:look around|move (?:my|the) eyes?)",
        rf"{_TO_OPEN} (?:mouth|jaws?)",
        rf"(?:mouth|jaws?) {_WON_T_OPEN}",
        r"jaws? (?:\w+ ){0,2}(?:locked|seized up|stuck)",
        r"mouth (?:\w+ ){0,2}(?:stuck|only opens)",
        r"(?:spoon|finger) (?:doesn't|won't) fit in my mouth",
        rf"toes? (?:\w+ ){{0,4}}{_DARK}",
        rf"(?:skin|tip|part) of (?:one|my|the|a) (?:\w+ )?toe (?:\w+ ){{0,6}}{_DARK}",
        rf"(?:blisters?|bubbles|peel\w*) (?:\w+ ){{0,6}}{_ALL_OVER}",
        rf"{_ALL_OVER} (?:\w+ ){{0,6}}(?:blisters?|bubbles|peel\w*)",
        r"(?:full|covered) (?:of|with|in) (?:blisters|bubbles)",
        rf"{_ALL_OVER} (?:\w+ ){{0,4}}(?:sore|raw|inflamed|(?:turned )?red and hot)",
        r"blisters (?:\w+ ){0,3}went everywhere",
        r"(?:hardly|no) (?:any )?normal skin left",
        rf"{_ALL_OVER} (?:\w+ ){{0,3}}red\b",
        r"(?:red|dark) (?:streak|line)s? (?:\w+ ){0,3}(?:creep\w*|going|goes|runs?|running|moving) up",
        rf"{_CANNOT} (?:\w+ )?(?:bend|move) my neck",
        r"neck won't bend",
        r"chin (?:on|to) my chest",
        r"stagger\w*",
        r"keep falling (?:asleep|over)",
        rf"{_CANNOT} (?:\w+ )?(?:stay awake|keep my balance)",
        r"wobbl\w* when",
        r"(?:always|so|too) (?:sleepy|drowsy)",
        r"head hurts (?:\w+ ){0,2}(?:terribly|badly|unbearably)",
        r"worst headache",
        rf"{_CANNOT} (?:\w+ )?see\b(?! (?:the|a|any|anything|it|him|her|what|why|how|how|my|your)\b)",
        r"(?:lost|losing|loss of) (?:my |the )?(?:eye)?(?:sight|vision)",
        r"(?:went|gone|going|suddenly) blind",
        r"(?:won't|doesn't|not|never) stop(?:s|ped|ping)? bleeding",
        r"bleed\w* (?:\w+ )?(?:won't|doesn't|not) stop\w*",
        r"(?:cough|vomit|throw|spit)\w*(?: up)? (?:\w+ )?blood",
        r"bleed\w* (?:heavily|badly|a lot)",
        r"heavy bleeding",
        r"stiff neck",
        r"neck is (?:\w+ )?stiff",
        r"(?:kill(?:ing)?|hang(?:ing)?|harm(?:ing)?|hurting|(?:to|will|might|could) hurt) myself",
        r"suicid\w+",
        r"end(?:ing)? my (?:own )?life",
        r"(?:don't|do not) want to (?:live|be alive)",
        r"want(?:ed)? to die",
        rf"(?:won't|{_CANNOT}|not) (?:\w+ )?wake(?: up)?",
        r"very drowsy",
        r"(?:i'm|i am|is|are|suddenly|very) confused",
    )
    + r"(?!\w)",
    re.IGNORECASE,
)
"""Danger signs as people word them; the list is short, since it serves only people's own words."""
