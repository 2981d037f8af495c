"""How urgently a doctor sends a patient on, read from the doctor's words.

In each sentence, only what is stated without a condition counts ("if you get short of breath, call 911" sends nobody).
A clause that names where to go, or when to be seen, counts unless it is negated or about the past.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from consult.scenarios import URGENCIES, Urgency


def urgency_of(text: str) -> Urgency | None:
    """Return the most pressing urgency that a text states without a condition; None where it states none."""
    found = [urgency for part in _free_parts(text) for urgency in _stated(part)]
    return max(found, key=URGENCIES.index, default=None)


def _words(*parts: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(parts)})\b", re.IGNORECASE)


def _or(*patterns: re.Pattern[str]) -> re.Pattern[str]:
    return re.compile("|".join(pattern.pattern for pattern in patterns), re.IGNORECASE)


# -- where and when ----------------------------------------------------------------------------------------------------

_CARE = (
    "department departments room rooms services service care treatment help assistance evaluation assessment attention "
    "medical surgery hospital unit ward clinic centre center physician physicians medicine line number crew team staff "
    "transport eye ophthalmology"
).replace(" ", "|")
_PLACE = re.compile(
    r"(?-i:\bERs?\b|\b(?:the|an|nearest|closest|local|to|hospital) ED\b)"
    rf"|\b(?:A ?& ?E|A and E|accident (?:and|&) emergency|emergency (?:{_CARE}))\b"
    r"|\b(?:(?:to|in|at|eye|nearest|hospital|dental) casualty|casualty department|ambulances?|paramedics)\b"
    r"|\b(?:911|999|112|triple zero)\b(?! ?(?:mg|bpm|beats|ml|mm|g\b|/))",
    re.IGNORECASE,
)
"""Where emergencies are sent, or whom to call."""
_SENT = _words(
    "go", "going", "get", "head", "come", "attend", "visit", "call", "calling", "dial", "ring", "ringing", "phone",
    "send", "sending", "refer", "referring", "take", "taken", "seen", "treated", "looked at", "seek", "needs?", "use",
    "needed", "requires?", "proceed", "present yourself", "report", "transfer(?:red|ring)?", "admit(?:ted)?", "walk",
    "drive", "driven", "leave", "rush", "belongs?", "(?:place|case|one|job) (?:for|to)", "want you", "have to",
    "straight", "directly", "immediately", "now", "at once", "right away", "without delay", "tonight", "today",
    "arrang(?:e|ed|ing)", "order(?:ed|ing)?", "organis(?:e|ed|ing)", "on its way", "on the way", "contact",
    "to (?:an?|your|the)", "next step is", "where you should", "safest", "in person",
)  # fmt: skip
"""A place alone refers nobody; one of these must be in the same sentence."""
_IS_EMERGENCY = re.compile(
    r"\b(?:is|as|considered|constitutes|have|become|it's|this's|that's|facing)\s+(?:now\s+)?an?\s+(?:[\w-]+\s+){0,3}?"
    r"emergency\b(?!\s+(?:contact|contraception|plan|kit|inhaler|dent|appointment|slot|gp\b))",
    re.IGNORECASE,
)
_IMMEDIATE_CARE = re.compile(
    r"\bimmediate (?:[\w-]+ )?(?:medical|hospital|surgical|emergency) "
    r"|\bimmediate (?:attention|care|help|assessment|evaluation|treatment|admission|transfer)\b"
    r"|\b(?:medical|professional) (?:attention|care|help) (?:immediately|right away|right now|now|at once"
    r"|straight away)",
    re.IGNORECASE,
)
_HOSPITAL = re.compile(
    r"\b(?:go|get(?: yourself)?|come|head|travel|drive|be taken|take you|taken|send(?:ing)? you|admit(?:ted)?)"
    r"(?:\s+(?:straight|directly|immediately|now|right|away|over|on|yourself))*"
    r" (?:in)?to (?:the |a |your )?(?:nearest |closest |local )?hospital\b"
    r"|\b(?:at|in) (?:the |a )?hospital (?:now|immediately|right away|straight away|right now|at once)"
    r"|\bhospital(?: \w+)? (?:now|immediately|right away|straight away|right now|at once)\b",
    re.IGNORECASE,
)
_LATER = _words(
    "today", "tonight", "tomorrow", "this (?:week|morning|afternoon|evening)", "next", "appointment", "clinic",
    "(?:mon|tues|wednes|thurs|fri)day", "outpatients?", "within", "blood test",
)  # fmt: skip
"""A hospital with one of these is not an emergency by itself."""

_CARER = _words(
    "doctors?", "gps?", "physicians?", "dentists?", "dental", "clinics?", "appointments?", "seen", "examin\\w+",
    "assess\\w*", "evaluat\\w*", "review(?:ed)?", "ophthalmolog\\w+", "optometrist", "optician", "specialists?",
    "dermatolog\\w+", "allergist", "ent\\b", "surgeons?", "surgery", "hospital", "care", "medical", "consult\\w*",
    "practice", "look(?:ed)? at", "take a look", "checked", "drained", "lanced", "opened up", "removed", "extracted",
    "pulled", "in person", "come (?:in|to)", "face[- ]to[- ]face", "eye unit", "referral", "refer", "referring",
    "attention", "triage line", "provider", "nurse", "podiatrist", "otolaryngolog\\w+", "out-of-hours", "visit",
)  # fmt: skip
"""A time counts only if it says when to be seen."""
_TODAY = re.compile(
    r"\b(?:today(?!'s)|tonight|this (?:morning|afternoon|evening)|same[- ]day|before (?:the end of the day"
    r"|tonight|you go "
    r"to bed)|by (?:tonight|this evening|the end of (?:the|today))|(?:within|in) (?:the )?(?:next )?(?:24|12|6"
    r"|four|six|"
    r"twelve|twenty[- ]four|a few|few|couple of|2|4|2[-\u2013]4|12[-\u2013]24)(?: |-)?(?:hours|hrs|h\b)|within hours"
    r"|within (?:a|one|the) day|as soon as (?:possible|you can)|immediately|right away|straight away|right now"
    r"|at once"
    r"|without delay|urgently|(?<!soon as )(?<!until )(?<!for )(?<!right )\bnow\b(?= ?[.!,]?$))",
    re.IGNORECASE,
)
_URGENT = re.compile(
    r"\burgent (?:care|treatment (?:centre|center)|(?:[\w-]+ )?(?:appointment|assessment|review|evaluation|attention|"
    r"examination|visit|consultation|treatment|referral|drainage|medical|dental|eye|ophthalmology))"
    r"|\bemergency (?:dentist|dental|appointment|slot|gp)\b"
    r"|\b(?:is|it's|this is|looks|as|quite|very) urgent\b(?! care)",
    re.IGNORECASE,
)
_NUMBER = (
    r"(?:a|one|two|three|four|five|six|seven|ten|\d+)(?:(?: ?[-\u2013] ?| to | or )(?:two|three|four|five|six|\d+))?"
)
_SOON = re.compile(
    rf"\b(?:this week|next week|tomorrow|soon(?!er| as| enough)|promptly|(?:within|in) (?:the )?(?:next |coming )?"
    rf"(?:few|couple of|{_NUMBER}|a few|a couple of|coming) ?days?|(?:within|in) (?:the )?(?:next )?(?:week"
    rf"|fortnight|"
    rf"(?:{_NUMBER}) weeks?)|within (?:48|72|forty-eight) ?(?:hours|hrs|h\b)|in the next day or two"
    rf"|before the weekend"
    r"|two-week(?:-wait)?)\b",
    re.IGNORECASE,
)
_ROUTINE = _words(
    "routine (?:appointment|visit|check-?up|referral|review|consultation)",
    "no (?:great |particular |real )?(?:rush|hurry)",
    r"(?:not|\w+n't|nothing) (?:at all |an? |particularly |very )?urgent",
    "non-urgent",
    "at your convenience",
    "when(?:ever)? (?:it is |it's )?convenient",
    "(?:within|in) (?:the )?(?:next )?(?:few weeks|couple of months|month|few months)",
)

# -- what does not count -----------------------------------------------------------------------------------------------

_HARMLESS = _words(
    "if (?:possible|at all possible|i were you|not sooner|you ask me|you(?:'re| are) (?:wondering|asking))",
    "if you (?:can|are able|haven't already|have not already|have not yet|haven't yet|like|need to know)",
    "even if", "as if", "only when you are ready",
)  # fmt: skip
"""Phrases that look like conditions but are not."""
_NOTICED = "notice|see|feel|develop|get|have|experience"
_ALARMING = (
    "worsening|severe|spreading|increasing|sudden|trouble|difficulty|high fever|fever|signs|shortness|swelling of|"
    "vision|chest|confusion|rapidly|breathing|facial swelling|lip|tongue|throat|airway|these|those"
)
_IF = re.compile(
    _words(
        "if", "unless", "whenever", "in case", "provided that", "otherwise,", "for emergencies", "in emergencies",
        "in the (?:[a-z]+ )?event", "in an emergency(?! (?:dep|room|unit|clinic))", "at the first (?:sign|hint)",
        "the (?:moment|minute) (?:you|it|your|any)", "reasons? to", "signs? (?:to|that|of)", "red flags?",
        f"as soon as (?:you (?:{_NOTICED})|it|your|any|the)", "were (?:you|it|this|there) to",
        "(?:watch|look)(?:ing)? (?:out )?for", "(?:warning|danger) signs?", "anyone who",
        "(?:people|patients) (?:who|with)",
        "(?:when|once|after|until|till) (?:you|it|your|there|symptoms|things|any|the|to|should|a)"
        r"\b(?! (?:get|arrive|are) (?:to|at|there)|(?: is|'s) convenient)",
        "should (?:you|its?|this|that|these|those|the|your|any|anything|there|things|symptoms|s?he|they|either|new)",
        r"(?:would|could|might|may) (?:then |well |also |later )?be (?:an? )?(?:[\w-]+ )?"
        "(?:emergency|reason|needed|necessary)",
        "(?:would|could|might|may) (?:then |well |also |later )?(?:mean|need|require|warrant|call for|become|turn into|"
        "end up|have to|lead to|justify)",
        "any (?:of|signs?|trouble|difficulty|new|worsening|sudden|swelling|changes?|fever|shortness|spread\\w*|problem|"
        "breathing|visual|vision|facial|loss)",
        f"(?:with|for|or) (?:{_ALARMING})",
        "^(?:new|worsening|increasing|spreading|sudden|severe|persistent)",
    ).pattern
    + r"|\b(?:trouble|difficulty) \w+ing\b(?=[^.]{0,40}(?::| means? | warrants? | \u2014| -))|\s(?:=|=>|->|\u2192)\s",
    re.IGNORECASE,
)  # fmt: skip
"""What begins a condition, or a list of what to watch for."""
_ADVERB = _words(
    "now", "today", "tonight", "this week", "immediately", "straight away", "right away", "at once", "tomorrow"
)
_AND_NOW = _words("now", "today", "tonight", "this week", "tomorrow")
_DELAY = _words(
    r"(?:(?:can|could|should|must|do|does|will|would|may|is) ?(?:not|n't)|cannot|can't|don't|won't|never|not)"
    " (?:(?:something|one|a thing|safe|want|think|you|to|that|this|it|let|going|for|we|can|should|just|simply|even) )*"
    "(?:wait|delay|hesitate|ignore|put (?:it |this )?off|drive(?: yourself)?|lose (?:any )?time|leave (?:it|this)|stay|"
    "be (?:left|ignored|delayed|missed|alarmed)|go (?:home|back|to (?:work|school|bed))|sleep|eat|drink|afford|worry|"
    "panic(?! and)|take (?:any )?(?:risks?|chances))",
    "no (?:time (?:to lose|to waste)|later than|question|doubt|delay|waiting)",
    "not (?:just|only|merely|tomorrow|later)",
    "without (?:delay|waiting|hesitation|fail|driving)",
)
"""Negations that urge haste, or say nothing about where to go."""
_NO_NEED = _words(
    "no need", "no reason", "no point", r"(?:not|\w*n't) (?:need|necessary|have to|requir\w+|worth)", "need not",
    "unnecessary", "rather than", "instead of", "more than", r"avoid\w*", "without needing", r"\w*n't panic",
    "overkill", "keeps? you out", "stay out", "save you",
)  # fmt: skip
_NOT = re.compile(
    r"\b(?:no|not|never|nor|neither|without|nothing|none|nowhere|hardly|unlikely|cannot)\b|n't\b", re.IGNORECASE
)
_NOT_AFTER = re.compile(
    r"^[^,;]{0,25}?(?:(?:\bnot|n't)\s+(?:be\s+|really\s+|at all\s+|currently\s+)?(?:needed|necessary|required|"
    r"called for|warranted|appropriate|indicated|the (?:right|place|answer)|where|for this|what|something|helpful)"
    r"|\b(?:is|are|would be) (?:unnecessary|unlikely|overkill|for))",
    re.IGNORECASE,
)
_PAST = _words(
    "(?<!rather you )went", "been to", "visited", "discharged", "last (?:week|month|year|night|time)", "yesterday",
    "ago", "(?:were|was|got) (?:seen|treated|given|told|sent|prescribed|taken|admitted)", "works?", "worked",
    "sent you home", "at the time", "in the past", "previous(?:ly)?", "colleagues? (?:from|in|at)", "you asked",
)  # fmt: skip
_THIS_VISIT = _words(
    "you (?:said|mentioned|told me|came|saw|showed|described|shared|sent)", "saw you", "been seen", "thanks?",
    "(?:i|nice to|good to) see you today", "seeing (?:you today|me|us)", "thank you", "glad", "nice to", "good to",
    "pleasure", "from what", "based on", "we (?:discussed|talked)", "i (?:saw|found|examined|looked|reviewed)",
    "visit today", "coming (?:in )?today",
)  # fmt: skip
"""The current visit; what happened today in it is not advice."""
_TREATS = re.compile(
    r"^\s*(?:please |so )?(?:start|use|apply|take(?! yourself)|begin|avoid|keep)\b"
    r"(?!.*\band (?:see|call|book|have|go|get|make|visit|ask|let)\b)",
    re.IGNORECASE,
)
"""What the patient does at home, today or not."""
_AGAIN = _words(
    "come back", "return", "follow[- ]?up", "check(?:ing)? (?:in|back)", "again", "re-?check",
    "see (?:me|us) (?:in|within)", "improve", "settle", "clear", "heal(?:ed)?", "fade", "resolve", "better",
    "disappear", "calm", "dry", "crust", "fall", "peel", "gone",
)  # fmt: skip
_ASKS_TO_GO = re.compile(
    r"^(?:please |so )?(?:can|could|will|would) you (?:please )?(?:go|get|call|head|come|ring)\b", re.IGNORECASE
)
_BRIEF_QUESTION = re.compile(
    r"^(?!(?:do|does|did|is|are|have|has|had|can|could|would|will|should|what|how|when|where|why|who|which|may"
    r"|was|were)\b)"
    r"(?:\S+\s+){0,7}\S+$",
    re.IGNORECASE,
)
_ASIDES = re.compile(
    r", (?:at this (?:point|time|stage|moment)|for now|in my (?:view|opinion|judge?ment)|i think|i believe"
    r"|however|though"
    r"|fortunately|thankfully|luckily|please|in fact|as i said),",
    re.IGNORECASE,
)
_CARRIES_ON = re.compile(
    r"^(?:in (?:that|such|any|either)\b|then\b|those\b|these\b|such\b|that (?:is|would)\b)", re.IGNORECASE
)
_OPEN_END = re.compile(r"(?:wait|hesitate|delay|different|emergency)\W*$", re.IGNORECASE)
"""A condition whose consequence is still to come."""
_FOR_ITSELF = _words("now", "today", "tonight", "you need", "your case", "i want you", "i am sending", "i'm sending")
_CUT = re.compile(
    r"[,:;]\s|\s[\u2014\u2013-]+\s|\u2014|\b(?:but|so|because|since|which|although|though|while|whereas|yet)\b"
    r"|\band (?=(?:you|we|i|it|this|that|please|they|therefore|because)\b)",
    re.IGNORECASE,
)
_ADJOINS = re.compile(r"(?:\b(?:and|but|so)|[:;\u2014\u2013-])\s*$", re.IGNORECASE)
_LAST_JOINT = re.compile(
    r".*(?P<joint>,\s*(?:and|but|then|or)\b|\s(?:and|but)\s|\s[\u2014\u2013-]+\s|\u2014|[:;]\s)",
    re.IGNORECASE | re.DOTALL,
)
_NEAR = 12
"""Most words that can stand between a negation and what it negates."""


@dataclass(frozen=True)
class _Cue:
    """Words that state an urgency."""

    urgency: Urgency
    words: re.Pattern[str]
    beside: re.Pattern[str] | None
    """Must also be in the clause; `_SENT`, in the sentence."""
    without: re.Pattern[str]
    """Must not be in the clause."""


_CUES = (
    _Cue("emergency", _PLACE, _SENT, _PAST),
    _Cue("emergency", _IS_EMERGENCY, None, _PAST),
    _Cue("emergency", _IMMEDIATE_CARE, None, _PAST),
    _Cue("emergency", _HOSPITAL, None, _or(_LATER, _PAST)),
    _Cue("urgent", _URGENT, None, _PAST),
    _Cue("urgent", _TODAY, _CARER, _or(_TREATS, _THIS_VISIT, _PAST)),
    _Cue("soon", _SOON, _CARER, _or(_AGAIN, _PAST)),
    _Cue("routine", _ROUTINE, None, _PAST),
)


def _stated(part: str) -> Iterator[Urgency]:
    clauses = _CUT.split(part)
    # "Emergency department, now": a place may be named beside what sends there.
    sends = _SENT.search(part) is not None
    for clause, cue in product(clauses, _CUES):
        if cue.without.search(clause) or not (sends if cue.beside is _SENT else _is_beside(cue, clause)):
            continue
        if any(cue.urgency == "routine" or not _negated(clause, match) for match in cue.words.finditer(clause)):
            yield cue.urgency


def _is_beside(cue: _Cue, clause: str) -> bool:
    return cue.beside is None or cue.beside.search(clause) is not None


def _negated(clause: str, match: re.Match[str]) -> bool:
    before, after = clause[: match.start()], clause[match.end() :]
    if _NO_NEED.search(before) or _NOT_AFTER.search(after):
        return True
    # What is denied before an "and" is not denied after it.
    near = re.split(r"\band\b", before, flags=re.IGNORECASE)[-1].split()[-_NEAR:]
    return _NOT.search(" ".join(near)) is not None


def _free_parts(text: str) -> Iterator[str]:
    """Yield what each sentence states without a condition."""
    condition = ""
    for sentence in _sentences(text):
        if sentence.endswith("?") and not _ASKS_TO_GO.search(sentence):
            # "Trouble breathing? Call 911." is a condition, too.
            condition = sentence if _BRIEF_QUESTION.search(sentence) else ""
            continue
        free, conditional = ("", True) if condition and _depends(sentence, condition) else _unconditional(sentence)
        condition = sentence if conditional else ""
        yield free


def _depends(sentence: str, condition: str) -> bool:
    """Tell whether a sentence continues the condition of the one before."""
    if _CARRIES_ON.search(sentence):
        return True
    return condition.endswith("?") or (_OPEN_END.search(condition) is not None and not _FOR_ITSELF.search(sentence))


def _sentences(text: str) -> list[str]:
    plain = text.replace("\u2019", "'").replace("*", "").replace("E.R.", "ER").replace("A.&E.", "A&E")
    plain = re.sub(r"\b(Dr|Mr|Mrs|Ms|e\.g|i\.e|approx|St)\.", r"\1", plain)
    plain = re.sub(r"([ap])\.m\.", r"\1m", plain)
    return [part.strip() for part in re.split(r"(?<=[.!?])[\"')\]]*\s+|\n+", plain) if part.strip()]


def _unconditional(sentence: str) -> tuple[str, bool]:
    """Return what a sentence says without a condition, and whether it has one."""
    plain = _ASIDES.sub(" ", _DELAY.sub(" ", _HARMLESS.sub(" ", sentence)))
    condition = _IF.search(plain)
    if condition is None:
        return plain, False
    head = plain[: condition.start()]
    if _ADJOINS.search(head):
        return head, True
    joint = _LAST_JOINT.match(head)
    if joint is None:
        return "", True
    # "Go to the ER now and call 911 if …": the first part counts if it says when; a plain "and" can also join a list.
    before = head[: joint.start("joint")]
    joined = joint["joint"].strip(" ,").lower()
    stands = _SOON if joined == "or" else _AND_NOW if joint["joint"].strip().lower() == "and" else _ADVERB
    return (before if joined == ";" or stands.search(before) else ""), True
