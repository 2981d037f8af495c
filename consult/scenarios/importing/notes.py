"""Read the shorthand of clinical notes: what the patient said is written out, and what only a doctor writes is found.

"Pt c/o painful red eye x 3/7" becomes "The patient complains of painful red eye for 3 days". A measurement
("BP 120/80") or a sign ("O/E corneal infiltrate") is a finding of an examination. Other shorthand is set aside and
listed, since no patient talks like that.
"""

from __future__ import annotations

import re
from functools import lru_cache

from consult.scenarios.importing.cleaning import SENTENCES

_SPELLED = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (r"^\d{1,3}\s*(?:y/o|yo|yr old|yrs old|-year-old| year old)?\s*(?:F|M|female|male)\b", "The patient"),
        (r"\b(\d{1,3})\s*(?:y/o|yo|yr old|yrs old)\b", r"\1-year-old"),
        (r"(?:\bfor|\bx|\u00d7)\s*(\d{1,3})\s*/\s*7\b", r"for \1 days"),
        (r"(?:\bfor|\bx|\u00d7)\s*(\d{1,3})\s*/\s*52\b", r"for \1 weeks"),
        (r"(?:\bfor|\bx|\u00d7)\s*(\d{1,3})\s*/\s*12\b", r"for \1 months"),
        (r"(?:\bx|\u00d7)\s*(\d{1,3})\s*(?:d|days?)\b", r"for \1 days"),
        (r"(?:\bx|\u00d7)\s*(\d{1,3})\s*(?:w|wks?|weeks?)\b", r"for \1 weeks"),
        (r"(?:\bx|\u00d7)\s*(\d{1,3})\s*(?:m|mths?|months?)\b", r"for \1 months"),
        (r"(?:\bx|\u00d7)\s*(\d{1,3})\s*(?:y|yrs?|years?)\b", r"for \1 years"),
        (r"^(?:pt|pat)\.?(?=\s)", "The patient"),
        (r"^c/o\b:?", "The patient complains of"),
        (r"\bc/o\b:?", "complains of"),
        (r"^(?:p/w|presents w/)\s+", "The patient presents with "),
        (r"^(?:(?:hx|h/o|hist)\b\.?:?(?:\s+of)?|history of)\s+", "The patient has a history of "),
        (r"^currently\s+(?=tak|us|on\b)", "The patient is currently "),
        (r"^(?:pmhx?|pmh/o|past medical history):\s*", "The patient has a history of "),
        (r"\b(?:h/o|hx of)\b", "history of"),
        (r"^nkd?a\b.*$", "The patient has no known allergies"),
        (r"\bw/o\b", "without"),
        (r"\bw/(?=\s|\w)\s*", "with "),
        (r"\bb/l\b", "on both sides"),
        (r"\bs/p\b", "after"),
        (r"\b(the patient) (?:is|was) (?=complains)", r"\1 "),
    )
)
"""Shorthand → what it stands for."""
_MEASURED = re.compile(
    r"\b(?:BP|HR|RR|SpO2|SaO2|O2 sats?|sats?|temp|VA|IOP|BMI|GCS|Hb|HbA1c|WBC|WCC|CRP|ESR|TSH|INR|eGFR|ALT|AST|BM"
    r"|FEV1)\b"
    r"\s*(?:is|was|of|[=:~-])?\s*(?:[RL]E?\s*)?[<>]?\d"
    r"|\b\d+(?:\.\d+)?\s*(?:mmHg|bpm|mg/dL|mmol/L|g/dL|[IU]{1,2}/L|ng/mL|x\s?10\^?9/L)"
    r"|\b(?:visual acuity|blood pressure|heart rate|respiratory rate|oxygen saturation|pulse)\b[^.;]{0,20}\d"
    r"|\b(?:6/(?:5|6|7\.5|9|12|18|24|36|60)|20/\d{2,3})\b",
    re.IGNORECASE,
)
_SIGN = re.compile(
    r"\bO/E\b|\bon (?:inspection|palpation|auscultation|percussion|slit[- ]lamp|fundoscopy|otoscopy|ophthalmoscopy)"
    r"|\bslit[- ]lamp\b|\bfundoscop\w+|\botoscop\w+|\bauscultat\w+|\bfluorescein\b|\b(?:PERRLA?|NAD|WNL|TTP)\b"
    r"|\b(?:corneal|pulmonary|pleural|pericardial)\s+\w+|\bhepat\w*megaly\b|\bcrep(?:s|itations)\b|\bmurmur\b"
    r"|\b(?:CXR|ECG|EKG|FBC|CBC|LFTs?|U&Es?|UDS)\b|\bCN (?:[IVX]+|\d)"
    r"|\b(?:physical|clinical|neurological|skin|general) exam\w*\s+(?:show|reveal|demonstrat|disclos|is|was)\w*"
    r"|\boriented (?:to|x ?\d)|\b(?:is|are|was|were) noted\b(?! by\b)"
    r"|\b(?:s?he|patient|boy|girl|man|woman|infant|child)(?: also)? (?:appears|appeared|looks|looked) \w+"
    r"|\b(?:somnolent|obtunded|diaphoretic|cachectic|well-nourished|well-developed|in no (?:acute )?distress)\b"
    r"|\b(?:scleral|psychomotor|conjunctiva\w*|pitting|tortuous|necrotic)\b"
    r"|\b(?:blunted|flat|labile) affect\b|\bwithin normal limits\b"
    r"|\bdisorgani[sz]ed speech\b|\bdelusions? of\b"
    r"|\bshow(?:s|ed|ing)? signs of\b|\bin the (?:office|clinic) today\b|\bis febrile\b"
    r"|^(?:obs|vitals|exam|examination|ix|inv|investigations|bloods|imaging|labs)\s*[:-]",
    re.IGNORECASE,
)
_SHORTHAND = re.compile(
    r"\b(?!n/a)[a-z]/[a-z]\b|\b(?:pts?|pmhx?|fhx?|shx?|hx|ddx|dx|rx|tx|sx|mx|nkda|prn|qid|tid|bid|bd|tds|ros|hpi|rtc)\b\.?"
    r"|^(?:tentative|provisional|preliminary|final|initial) (?:diagnosis|impression)\s*[:-]"
    r"|^(?:imp|impression|plan|assessment|a/?p|diagnosis|differential|follow[- ]?up|f/u|working diagnosis)\s*[:-]"
    r"|(?-i:^[A-Z]{2,5}\s*:)|[+]{2,}|\b[+-]ve\b|[↑↓→]",
    re.IGNORECASE,
)


_NO_FACT = re.compile(
    r"\?[\"')\]]*$|\bplease\b|^(?:many )?(?:thanks?|thank you)\b"
    r"|^(?:I|we) (?:would|will|'d) (?:really |greatly )?(?:appreciate|be grateful|like to ask)\b"
    r"|^(?:help me|view|see|look at|check|show|identify|diagnos(?:e|is by)|take a look|seeking|asking)\b"
    r"|^(?:kindly|hello|hi|dear (?:doctors?|all)|good (?:morning|evening|day))\b"
    r"|^let(?:'s| us)\b|\bshar(?:e|ing) (?:\w+ ){0,2}(?:pictures?|photos?|images?|cases?)\b"
    r"|\bseeking (?:\w+ ){0,2}(?:advice|help|opinions?|treatment|diagnosis|consultation)\b"
    r"|^(?:an? )?(?:typical|interesting|rare|clinical|difficult) case\b"
    r"|\b(?:pictures?|photos?|images?) (?:is|are|was|were|ha(?:s|ve) been)"
    r" (?:taken|uploaded|attached|not|below|above|blurry)\b"
    r"|\b(?:as follows|(?:shown|seen|pictured) (?:below|above"
    r"|in the (?:\w+ )?(?:pictures?|photos?|images?)(?: below)?))\s*:?$"
    r"|\b(?:tests?|examinations?|biops\w+|photos?)(?: (?:is|are|was|were))?"
    r" (?:required|needed|pending|not done|not performed|conducted)\b"
    r"|^diagnosis (?:based|by|of|from)\b"
    r"|^(?:any|looking forward to|(?:I|we) welcome) (?:[\w']+ ){0,3}(?:advice|help|opinions?|guidance|suggestions?)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=SENTENCES)
def asks(sentence: str) -> bool:
    """Return whether a sentence is a question, a request or a courtesy, which answers nothing about the patient."""
    return _NO_FACT.search(sentence.strip()) is not None


@lru_cache(maxsize=SENTENCES)
def spelled_out(sentence: str) -> str:
    """Write out the shorthand of what a patient said."""
    for pattern, words in _SPELLED:
        sentence = pattern.sub(words, sentence)
    return sentence


@lru_cache(maxsize=SENTENCES)
def is_doctors(sentence: str) -> bool:
    """Return whether a sentence is a measurement or a sign, which an examination shows."""
    return _MEASURED.search(sentence) is not None or _SIGN.search(sentence) is not None


@lru_cache(maxsize=SENTENCES)
def is_shorthand(sentence: str) -> bool:
    """Return whether a sentence still has shorthand that no patient would say."""
    return _SHORTHAND.search(sentence) is not None
