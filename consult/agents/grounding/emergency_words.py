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
    """Return the most pressing urgency that a text states without a condition; None if it states none."""
    found: set[Urgency] = set()
    for urgency in (urgency for part in _free_parts(text) for urgency in _stated(part)):
        if urgency == URGENCIES[-1]:
            return urgency
        found.add(urgency)
    return max(found, key=URGENCIES.index, default=None)


def _words(*parts: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(parts)})\b", re.IGNORECASE)


def _or(*patterns: re.Pattern[str]) -> re.Pattern[str]:
    return re.compile("|".join(pattern.pattern for pattern in patterns), re.IGNORECASE)


# -- where and when ----------------------------------------------------------------------------------------------------

_CARE = (
    "department departments room rooms services service care treatment help assistance evaluation assessment attention "
    "medical surgery hospital unit ward clinic centre center physician physicians medicine line number crew team staff "
    "transport eye ophthalmology setting settings admission referral consultation consult"
).replace(" ", "|")
_PLACE = re.compile(
    r"(?-i:\bERs?\b|\bEMS\b|\b(?:the|an|nearest|closest|local|to|hospital|[Yy]our) ED\b|^\W*ED\b"
    r"|\bED(?=,? (?:now|today|tonight|immediately|right|straight|at once)\b))"
    rf"|\b(?:A ?& ?E|A and E|accident (?:and|&) emergency|emergency (?:{_CARE}))\b"
    r"|\b(?:(?:to|in|at|eye|nearest|hospital|dental) casualty|casualty department|ambulances?|paramedics)\b"
    r"|(?<![\d,.])\b(?:911|9-1-1|999|112|000|triple[- ](?:zero|nine|0|9))\b(?! ?(?:mg|bpm|beats|ml|mm|g\b|/))",
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
    "to (?:an?|your|the)", "next step is", "where you should", "safest", "in person", "warrants?", "merits?",
    "deserves?", "demands?", "calls for", "blue[- ]light", r"please(?=\W*$)", "evaluated", "assessed", "managed",
    "handled",
)  # fmt: skip
"""A place alone refers nobody; one of these must be in the same sentence."""
_IS_EMERGENCY = re.compile(
    r"\b(?:is|as|considered|constitutes|have|has become|have become|it's|this's|that's|facing)"
    r"\s+(?:now\s+)?an?\s+(?:[\w-]+\s+){0,3}?"
    r"emergency\b(?!\s+(?:contact|contraception|plan|kit|inhaler|dent|appointment|slot|gp\b))",
    re.IGNORECASE,
)
_IMMEDIATE_CARE = re.compile(
    r"\bimmediate (?:[\w-]+ )?(?:medical|hospital|surgical|emergency) "
    rf"|\bemergent (?:[\w-]+ ){{0,2}}(?:imaging|drainage|{_CARE})\b|\bemergently\b"
    r"|\bimmediate (?:attention|care|help|assessment|evaluation|treatment|admission|transfer)\b"
    r"|\b(?:medical|professional) (?:attention|care|help) (?:immediately|right away|right now|now|at once"
    r"|straight away)",
    re.IGNORECASE,
)
_AT_ONCE = "now|immediately|right away|straight away|right now|at once|today|tonight|this (?:morning|afternoon|evening)"
_HOSPITAL = re.compile(
    r"\b(?:go|get(?: yourself)?|come|head|travel|drive|be taken|take you|taken|send(?:ing)? you|admit(?:ted)?)"
    r"(?: (?:straight|directly|immediately|now|right|away|over|on|yourself))*"
    r" (?:in ?)?to (?:the |a |your )?(?:nearest |closest |local )?hospital\b"
    rf"|\b(?:at|in) (?:the |a )?hospital (?:{_AT_ONCE})|\bhospital(?: \w+)? (?:{_AT_ONCE})\b"
    r"|\b(?:need|needs|have|has|want you|like you) to be in (?:the |a )?hospital\b"
    r"|\b(?:treated|cared for|looked after|assessed|evaluated) in (?:a |the )hospital\b"
    r"|\badmit(?:ting)? you\b|\b(?:be|get you|you|getting|needs?) (?:admitted|hospitali[sz]ed)\b"
    r"|\b(?:needs?|require|requires|arrang\w+|for) (?:a |an |urgent |immediate )*(?:hospital admission"
    r"|hospitali[sz]ation|admission to (?:the )?hospital)\b",
    re.IGNORECASE,
)
_LATER = _words(
    "tomorrow", "this week", "next", "appointment", "clinic", "(?:mon|tues|wednes|thurs|fri)day", "outpatients?",
    "within", "blood test", "planned", "pharmacy",
)  # fmt: skip
"""A hospital with one of these is not an emergency by itself."""

_CARER = _words(
    "doctors?", "gps?", "physicians?", "dentists?", "dental", "clinics?", "appointments?", "seen", "examin\\w+",
    "assess\\w*", "evaluat\\w*", "review(?:ed)?", "ophthalmolog\\w+", "optometrist", "optician", "specialists?",
    "dermatolog\\w+", "allergist", "ent\\b", "surgeons?", "surgery", "hospital", "care", "medical", "consult\\w*",
    "practice", "look(?:ed)? at", "take a look", "checked", "drained", "lanced", "opened up", "removed", "extracted",
    "pulled", "in person", "come (?:in|to)", "face[- ]to[- ]face", "eye unit", "referral", "refer", "referring",
    "get you in", "attention", "triage line", "provider", "nurse", "podiatrist", "otolaryngolog\\w+", "out-of-hours",
    "visit",
)  # fmt: skip
"""A time counts only if it says when to be seen."""
_TODAY = re.compile(
    r"\b(?:today(?!'s)|tonight|this (?:morning|afternoon|evening)|same[- ]day|before (?:the end of the day"
    r"|tonight|you go "
    r"to bed)|by (?:tonight|this evening|the end of (?:the|today))|(?:within|in) (?:the )?(?:next )?(?:24|12|6"
    r"|four|six|"
    r"twelve|twenty[- ]four|a few|few|couple of|2|4|2[-\u2013]4|12[-\u2013]24)(?: |-)?(?:hours|hrs|h\b)|within hours"
    r"|within (?:a|one|the) day|as soon as (?:possible|you can)|asap|immediately|right away|straight away|right now"
    r"|at once"
    r"|without delay|urgently|(?<!soon as )(?<!until )(?<!for )(?<!right )\bnow\b(?= ?[.!,]?$))",
    re.IGNORECASE,
)
_URGENT = re.compile(
    r"\b(?<!non-)(?<!non )urgent (?:care|treatment (?:centre|center)|(?:[\w-]+ )?(?:appointment|assessment|review|"
    r"evaluation|attention|examination|visit|consultation|treatment|referral|drainage|medical|dental|eye|"
    r"ophthalmology))"
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
    r"routine (?:\w+ )?(?:appointment|visit|check-?up|referral|review|consultation)",
    "no (?:great |particular |real )?(?:rush|hurry)",
    r"(?:not|\w+n't|nothing) (?:at all |an? |particularly |very )?urgent",
    "non-?urgent",
    "non urgent",
    "no urgent",
    "no urgency",
    "at your convenience",
    "when(?:ever)? (?:it is |it's )?convenient",
    "(?:within|in) (?:the )?(?:next )?(?:few weeks|couple of months|month|few months)",
)

# -- what does not count -----------------------------------------------------------------------------------------------

_HARMLESS = _words(
    "if (?:possible|at all possible|i were you|not sooner|you ask me|you(?:'re| are) (?:wondering|asking))",
    "if you (?:can|are able|haven't already|have not already|have not yet|haven't yet|like|need to know)",
    "even if", "as if", "only when you are ready", "if (?:it|this|that) (?:were|was) (?:me|mine|my \\w+)",
    "if you were my \\w+",
    "if (?:(?:it|this) (?:is|was|were) )?(?:left )?(?:untreated|alone|not treated|missed|delayed)",
    "if (?:we|you) wait", "(?:what|ask|tell them) (?:to do )?when you (?:get|are) there",
)  # fmt: skip
"""Phrases that look like conditions but are not."""
_NOTICED = "notice|see|feel|develop|get|have|experience"
_ALARMING = (
    r"worsening|severe|spreading|increasing|sudden|trouble|difficulty|high fever|fever|(?:[\w-]+ ){0,2}signs|shortness|"
    "swelling of|vision|chest (?:pain|tightness|pressure)|confusion|rapidly|breathing|facial swelling|lip|tongue|"
    "throat|airway"
)
_INDIRECT = "".join(f"(?<!{word} )" for word in ("know", "sure", "see", "check", "tell", "clear", "out", "wonder"))
_IF = re.compile(
    _words(
        f"{_INDIRECT}if", "unless", "whenever", "in case", "provided that", "otherwise,", "for emergencies",
        "in emergencies", "^had (?:this|it|you|there|they|your|the)",
        "in the (?:[a-z]+ )?event", "in an emergency(?! (?:dep|room|unit|clinic|setting))",
        "at the first (?:sign|hint)",
        "the (?:moment|minute) (?:you|it|your|any)", "reasons? to", "as soon as (?:it|your|any|the)",
        f"as soon as you (?:{_NOTICED})", "were (?:you|it|this|there) to", "(?:watch|look)(?:ing)? (?:out )?for",
        "anyone who", "^(?:only|rarely|seldom|occasionally)\\b(?!,)", "in rare cases",
        "with (?:a |an )?(?:weak|weakened|compromised) immune",
        "(?:when|once|after|until|till) (?:you|it|your|there|symptoms|things|any|the|to|should|a)"
        r"\b(?! (?:get|arrive|are) (?:to|at|there)|(?: is|'s) convenient)",
        "should (?:you|its?|this|that|these|those|the|your|any|anything|there|things|symptoms|s?he|they|either|new)",
        "^(?:for |with )?any (?:of|signs?|trouble|difficulty|new|worsening|sudden|swelling|changes?|fever|shortness|"
        "spread\\w*|problem|breathing|visual|vision|facial|loss)",
    ).pattern,
    re.IGNORECASE,
)  # fmt: skip
"""What begins a condition, in whatever clause it stands."""
_RISK = re.compile(
    _words(
        "would (?:then |well |also |later )?be (?:an? )?(?:[\\w-]+ )?(?:emergency|reason|needed|necessary)",
        "would (?:then |well |also |later )?(?:mean|need|require|warrant|call for|become|turn into|end up|have to|"
        "lead to|justify|make|change)",
        r"^\W*(?:the |some |other |emergency |warning |danger |red flag )*(?:signs?|symptoms|red flags?)"
        r"(?: \w+){0,6} ?(?::|to watch|include|that|are)",
        "^(?:people|patients) (?:who|with)",
    ).pattern.removesuffix(r"\b")
    + r"|\b(?:trouble|difficulty) \w+ing\b(?=(?:(?! (?:is|are|was) |\byours?\b)[^.]){0,40}(?::| means? | warrants? "
    r"| \u2014| -))|\s(?:=|=>|->|\u2192)\s",
    re.IGNORECASE,
)
"""What begins a warning of things to come, in its own clause."""
_FOR_ALARM = re.compile(
    _words(
        f"(?:for|with|or) (?:{_ALARMING})",
        "(?:for|with|of) any (?:of|signs?|trouble|difficulty|new|worsening|sudden|swelling|changes?|fever|shortness|"
        "spread\\w*|problem|breathing|visual|vision|facial|loss)",
        "any (?:signs?|trouble|difficulty|new|worsening|swelling|fever|breathing)",
        "^(?:new|worsening|increasing|spreading|sudden|severe|persistent)",
        "remember that",
        "(?:keep|bear) in mind",
        "means? (?:calling|call|going|a trip|an ambulance|the)",
    ).pattern,
    re.IGNORECASE,
)
"""Alarms to seek help for: a condition, unless something says that the patient has them."""
_HAS_THEM = _words(
    "now", "today", "tonight", "this (?:morning|afternoon|evening)", "like (?:this|these|that|yours?)", "yours?",
    "you (?:need|require|must|are to|have|should be)", "you'(?:ll|ve|re)", "(?:your|my|this) (?:child|son|daughter)",
    "i(?:'m| am|'ve| have| want| need|'d like)", "these", "those", "this (?:is|needs|warrants|requires|calls)", "given",
    "as (?:severe|bad) as",
)  # fmt: skip
_ONLY = _words("only")
_MAY = _words(
    "(?:could|might|may) (?:then |well |also |later |eventually |still )?(?:mean|need|require|warrant|call for|become|"
    "turn into|end up|have to|lead to|justify|be (?:needed|necessary|required|sent|admitted|referred|seen|a reason))",
)
"""A possibility orders nothing."""
_REASON = re.compile(
    r",? (?P<joint>because|since|but|so(?= (?:please|you|we|i|go|call|get|head|let|take|this|it|that|have|do|don't|see"
    r"|an|the|your)\b)|(?<!soon )(?<!well )(?<!long )(?<!far )(?<!such )(?<!same )(?<!much )as(?= (?:you|your|it|this"
    r"|the|that|there|these|we|i|he|she|they)\b)) ",
    re.IGNORECASE,
)
_REASON_FIRST = re.compile(
    r"^(?:because|since|as|given|with|due to|considering|seeing)\b(?! soon)[^;]*?, (?=(?:please|go|call|you|i|we|get"
    r"|head|do|don't|seek|take|see|an ambulance|dial|ring|i'm|i'd|you'll)\b)",
    re.IGNORECASE,
)
"""A reason and what follows from it are judged apart: a reason names no condition of the order beside it."""
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
    "ago", "(?:were|was|got) (?:seen|treated|given|told|sent|prescribed|taken|admitted)", "works? (?:in|at|for)",
    "worked", "sent you home", "at the time", "in the past", "previous(?:ly)?", "colleagues? (?:from|in|at)",
    "you asked", "did (?:the|exactly the) right(?: thing)?", "you did",
    "(?:were|was) (?:\\w+ )?(?:right|wise|smart|good|sensible) (?:of you )?to", "you called", "you rang",
    "(?:would|could|should|might)(?: not|n't)? have (?!to\\b|you\\b)\\w+", "would've", "'d have (?!to\\b|you\\b)\\w+",
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
_OURS = _words("this", "it", "it's", "that", "that's", "what you", "yours?", "we", "you", "i", "here", "these", "now")
_DENIED = re.compile(
    r"^\W*(?:(?:but|and|though|although|however|yet|while)\b\W*)?(?:\w+,? )?(?:you|this|yours|that|it|i|we"
    r"|there|your \w+)(?:'\w+)?\b[^.,;]{0,30}?(?:n't|\bnot|\bno|\bnever)\b",
    re.IGNORECASE,
)
_DENIED_NEXT = re.compile(
    _DENIED.pattern + r"[^.,;]{0,40}?\b(?:it|that|this|one|here|case|have|what|sign|signs)\b", re.I
)
"""That a general statement does not hold for the patient."""
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
_WINDOW = 120
"""Most characters that are read to either side of a match."""
_NEAR = 12
"""Most words that can stand between a negation and what it negates."""


_LABEL = re.compile(
    r"(?:^|[.;,|] )\W{0,6}(?:(?:level of |overall |final |recommended |triage ){0,3}"
    r"(?:urgency|triage|disposition|priority|acuity)(?: level| category)?)(?: \([^)]{0,60}\))?"
    r"\s?(?::|\||=|\bis\b|\u2014|\u2013|- )\W{0,6}(?:(?:an?|level) )?"
    r"(?:(?P<emergency>emergency|emergent|immediate)|(?P<urgent>urgent|same[- ]day)|(?P<soon>soon\b(?! as))"
    r"|(?P<routine>routine|non-?urgent|not urgent|low\b|elective))",
    re.IGNORECASE,
)
"""A named level, as in "Urgency: emergency"."""


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
    yield from (urgency for match in _LABEL.finditer(part) for urgency in URGENCIES if match[urgency])
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
    # Windows keep the work linear in the length of the clause.
    before = clause[max(0, match.start() - _WINDOW) : match.start()]
    after = clause[match.end() : match.end() + _WINDOW]
    if _NO_NEED.search(before) or _NOT_AFTER.search(after):
        return True
    # What is denied before an "and" is not denied after it.
    near = re.split(r"\band\b", before, flags=re.IGNORECASE)[-1].split()[-_NEAR:]
    if _MAY.search(" ".join((*near, match[0]))) and not _AND_NOW.search(after):
        return True
    return _NOT.search(" ".join(near)) is not None


def _free_parts(text: str) -> Iterator[str]:
    """Yield what each sentence states without a condition."""
    condition = ""
    sentences = list(_sentences(text))
    for at, (sentence, inherits) in enumerate(sentences):
        if inherits:
            continue
        if sentence.endswith("?") and not _ASKS_TO_GO.search(sentence):
            # "Trouble breathing? Call 911." is a condition, too.
            condition = sentence if _BRIEF_QUESTION.search(sentence) else ""
            continue
        free, conditional = ("", True) if condition and _depends(sentence, condition) else _unconditional(sentence)
        condition = sentence if conditional else ""
        yield _without_denied(free, sentences[at + 1][0] if at + 1 < len(sentences) else "")


def _without_denied(sentence: str, after: str) -> str:
    """Drop "anaphylaxis is an emergency" where the rest, or the next sentence, says that it is not the case here."""
    general = _IS_EMERGENCY.search(sentence)
    if general is None or _OURS.search(sentence[: general.start()][-_WINDOW:]):
        return sentence
    rest = sentence[general.end() :]
    denied = _DENIED.search(rest) or (not rest.strip(" .!") and _DENIED_NEXT.search(_DELAY.sub(" ", after)))
    return rest if denied else sentence


def _depends(sentence: str, condition: str) -> bool:
    """Return whether a sentence continues the condition of the one before."""
    if _CARRIES_ON.search(sentence):
        return True
    return condition.endswith("?") or (_OPEN_END.search(condition) is not None and not _FOR_ITSELF.search(sentence))


# -- headings, lists and sentences -------------------------------------------------------------------------------------

_ITEM = re.compile(r"(?:[-\u2022\u2013]|\*(?!\*)|\d{1,2}[.)])\s+")
_LABEL_ABOVE = re.compile(
    r"^[^\w\n]{0,6}((?:level of )?urgency|triage|disposition)(?: level)?[^\w\n]{0,6}\n\W{0,6}(?=\w)",
    re.IGNORECASE | re.MULTILINE,
)
_BOLD_LEAD = re.compile(r"\*\*(?P<lead>[^*]{1,120})\*\*:?")
_HEADS_SIGNS = _words(
    "signs?", "red flags?", "symptoms", "precautions", "safety[- ]?net\\w*", "watch", "emergenc(?:y|ies) only"
)
_SEEK_FOR = re.compile(
    r"^(?:please )?(?:seek|call|go|return|come back|get|contact|see)\b.*\bfor\W{0,3}$", re.IGNORECASE
)
_HEADS_OURS = _words("your", "these", "because", "given", "you have", "i", "since")
_UNFINISHED = re.compile(
    r"^\W*(?:(?:and|but|also|however),? )?(?:if|when|should|in case|unless)\b[^,]*$", re.IGNORECASE
)
_MOMENT = r"now|right now|immediately|today|tonight|at once|right away|straight away"


def _sentences(text: str) -> Iterator[tuple[str, bool]]:
    """Yield each sentence, and whether it stands under a conditional heading ("Seek care if:")."""
    for line, inherits in _lines(text):
        plain = line.replace("*", "").replace("E.R.", "ER").replace("A.&E.", "A&E")
        plain = re.sub(r"\b(Dr|Mr|Mrs|Ms|e\.g|i\.e|approx|St)\.", r"\1", plain)
        plain = re.sub(r"([ap])\.m\.", r"\1m", plain)
        # "999. Now." is one order.
        plain = re.sub(rf"[.!] (?=(?:{_MOMENT})[.!]?(?: |$))", ", ", plain, flags=re.IGNORECASE)
        for part in re.split(r"(?<=[.!?])[\"')\]]*\s+", plain):
            if part.strip():
                yield part.strip(), inherits


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the lines of a text, and whether each inherits a condition from the heading above it."""
    under = unfinished = started = gap = was_item = False
    plain = re.sub(r"[^\S\n]+", " ", text.replace("\u2019", "'"))
    for raw in _LABEL_ABOVE.sub(r"\1: ", plain).split("\n"):
        line = raw.strip().lstrip("> ")
        if not line:
            gap = True
            continue
        marker = _ITEM.match(line)
        body = line[marker.end() :] if marker else line
        if _is_heading(body) and not (marker and under):
            # A heading under an unfinished condition is no part of it.
            under, started = _heads_condition(body), False
            unfinished = under and _UNFINISHED.search(_last_sentence(body)) is not None
            yield body.lstrip("# "), _SEEK_FOR.search(_last_sentence(body)) is not None
        else:
            lead = _BOLD_LEAD.match(body)
            if lead and not marker and ":" in lead[0]:
                under, unfinished = _heads_condition(lead["lead"]), False
            elif under and started and not marker and (gap or was_item):
                under, started = unfinished, False
                yield from _first_apart(body, inherits=under)
                under = unfinished = gap = was_item = False
                continue
            started = True
            yield body, under
        gap, was_item = False, marker is not None


def _first_apart(body: str, *, inherits: bool) -> Iterator[tuple[str, bool]]:
    first, *rest = re.split(r"(?<=[.!?])\s+", body, maxsplit=1)
    yield first, inherits
    yield from ((line, False) for line in rest)


def _last_sentence(line: str) -> str:
    return re.split(r"(?<=[.!?])\s+", line)[-1].strip("#*_ ")


def _is_heading(line: str) -> bool:
    bare = line.strip("*_ ")
    if line.startswith("#") or bare.endswith(":"):
        return True
    if bare.endswith((".", "!", ",")):
        return False
    return (line.startswith("**") and line.endswith("**")) or (
        len(line) < 80 and re.match(r"(?:when to|signs|warning signs|red flags)\b", bare, re.IGNORECASE) is not None
    )


def _heads_condition(line: str) -> bool:
    last = _HARMLESS.sub(" ", _last_sentence(line))
    return _IF.search(last) is not None or (
        re.search(
            r"^when\b|\b(?:when|if)\W{0,3}$",
            last,
            re.IGNORECASE,
        )
        is not None
        or _SEEK_FOR.search(last) is not None
        or (_HEADS_SIGNS.search(last) is not None and not _HEADS_OURS.search(last))
    )


# -- conditions --------------------------------------------------------------------------------------------------------


def _unconditional(sentence: str) -> tuple[str, bool]:
    """Return what a sentence says without a condition, and whether it has one."""
    plain = _ASIDES.sub(" ", _DELAY.sub(" ", _HARMLESS.sub(" ", sentence))).strip()
    free: list[str] = []
    depends = conditional = False
    for joint, clause in _main_clauses(plain):
        if depends and not (joint == "but" and _FOR_ITSELF.search(clause)):
            continue
        said, found = _free_of_condition(clause)
        depends = found and _IF.search(clause) is not None
        conditional = conditional or found
        free.append(said)
    return ", ".join(free), conditional


def _main_clauses(sentence: str) -> Iterator[tuple[str, str]]:
    """Split a sentence at its reasons, each part with the word that joins it to the one before."""
    first = _REASON_FIRST.match(sentence)
    if first is not None:
        yield "", first[0]
        sentence = sentence[first.end() :]
    start, joint = 0, ""
    for match in _REASON.finditer(sentence):
        yield joint, sentence[start : match.start()]
        start, joint = match.end(), match["joint"].lower()
    yield joint, sentence[start:]


def _condition(clause: str) -> re.Match[str] | None:
    found = [match for match in (_IF.search(clause), _RISK.search(clause)) if match]
    alarm = _FOR_ALARM.search(clause)
    if alarm is not None and (_ONLY.search(clause) or not _HAS_THEM.search(clause)):
        found.append(alarm)
    return min(found, key=lambda match: match.start(), default=None)


def _free_of_condition(clause: str) -> tuple[str, bool]:
    condition = _condition(clause)
    if condition is None:
        return clause, False
    head = clause[: condition.start()]
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
