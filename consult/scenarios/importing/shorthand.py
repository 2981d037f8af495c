"""Write out the shorthand of clinical notes: "Pt c/o itch x3/7" becomes "The patient complains of itch for 3 days"."""

from __future__ import annotations

import re
from functools import lru_cache

from consult.scenarios.importing.cleaning import SENTENCES

_DOSES = {"od": "once a day", "qd": "once a day", "bd": "twice a day", "bid": "twice a day", "tds": "three times a day",
          "tid": "three times a day", "qds": "four times a day", "qid": "four times a day", "nocte": "at night",
          "qhs": "at night", "mane": "in the morning", "prn": "as needed"}  # fmt: skip
"""How often a medicine is taken."""
_UNITS = {"7": "days", "52": "weeks", "12": "months"}
_TIMED = re.compile(
    r"(?:\b(?:for|since|past|last)\s+|(?<![a-z0-9])x\s?"
    r"|\u00d7\s?)(?P<n>\d{1,3}(?:\s?-\s?\d{1,3})?)\s*(?:/\s*(?P<of>7|52|12)\b"
    r"|(?P<unit>hours?|hrs?|h|days?|d|weeks?|wks?|wk|w|months?|mths?|mos?|m|years?|yrs?|y)\b(?! old))",
    re.IGNORECASE,
)
"""Matches how long something has lasted: "x3/7", "for 2/52", "x 6 months"."""
_FRACTION = re.compile(r"\b(?P<n>\d{1,3})\s*/\s*(?P<of>7|52|12)(?=\s*(?:h/o|hx|history|duration)\b)", re.IGNORECASE)
_SPELLED = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (
            r"^(?:cc|pc|c\.c\.|hpi|hpc|hopc|presenting complaint|chief complaint|reason for visit|subjective"
            r"|s)\s*[:-]\s*(?=\w)",
            "",
        ),
        (
            r"^\d{1,3}\s*(?:y/o|y\.o\.|yo|yr old|yrs old|-year-old| year old)?\s*(?:(?:\w+ )?(?:F|M|female|male"
            r"|woman|man|boy|girl))\b"
            r"(?=\s+(?:c/o|p/w|with|w/|presents?|presenting|who|complain\w*|h/o|hx|admitted|brought|has|had|reports?))",
            "The patient",
        ),
        (r"^\d{1,3}\s*(?:y/o|y\.o\.|yo|yr old|yrs old)\s*(?:F|M)\b", "The patient"),
        (r"\b(\d{1,3})\s*(?:y/o|y\.o\.|yo|yr old|yrs old)\b", r"\1-year-old"),
        (r"^(?:pt|pat)\.?(?=\s)", "The patient"),
        (r"(?<=[a-z] )pt\b\.?", "the patient"),
        (r"^c/o\b:?", "The patient complains of"),
        (r"\bc/o\b:?", "complains of"),
        (r"\bc/w\b", "consistent with"),
        (r"^(?:p/w|presents w/)\s+", "The patient presents with "),
        (r"\bp/w\b", "presents with"),
        (r"^(?:(?:hx|h/o|hist)\b\.?:?(?:\s+of)?|history of)\s+", "The patient has a history of "),
        (r"^currently\s+(?=tak|us|on\b)", "The patient is currently "),
        (
            r"^(?:pmhx?|pmh/o|past medical history|past history|pshx?|past surgical history)\s*[:-]\s*(?=nil\b"
            r"|none\b|nad\b|n/a\b)\w+",
            "The patient has no past illnesses",
        ),
        (
            r"^(?:pmhx?|pmh/o|past medical history|past history|pshx?|past surgical history)\s*[:-]\s*",
            "The patient has a history of ",
        ),
        (r"^(?:pmhx?|pshx?)\s+(?:of\s+)?(?!is\b|was\b)", "The patient has a history of "),
        (
            r"^(?:dhx?|meds|medications?|current medications?|drug history|drugs)\s*[:-]\s*(?=nil\b|none\b)\w+$",
            "The patient takes no medicines",
        ),
        (r"^(?:dhx?|meds|medications?|current medications?|drug history|drugs)\s*[:-]\s*(?=\w)", "The patient takes "),
        (
            r"^(?:allergies|all|allergic to|drug allergies)\s*[:-]\s*(?:nkd?a|nil|none|no known.*)\b.*$",
            "The patient has no known allergies",
        ),
        (r"^(?:allergies|drug allergies)\s*[:-]\s*(?=\w)", "The patient is allergic to "),
        (r"^(?:shx?|social history|soc hx)\s*[:-]\s*(?=\w)", ""),
        (r"\b(?:h/o|hx of)\b", "history of"),
        (r"\b(?:no|nil) hx\b", "no history"),
        (r"^nkd?a\b.*$", "The patient has no known allergies"),
        (r"^nil (?=\w)", "no "),
        (r"\bw/o\b", "without"),
        (r"\bw/(?=\s|\w)\s*", "with "),
        (r"\b(?:b/l|bilat)\b", "on both sides"),
        (r"^s/p\s+(?:an? )?(\w+)\s+(?:in )?((?:19|20)\d\d)$", r"The patient had \1 in \2"),
        (r"^s/p\s+(?:an? )?", "The patient has had "),
        (r"\bs/p\b", "after"),
        (r"^The patient (?:with|w/)\s+", "The patient has "),
        (r"\b(\d{1,2})/10\b", r"\1 out of 10"),
        (r"\byrs\b", "years"),
        (r"\bwks\b", "weeks"),
        (r"\bmths\b|\bmos\b", "months"),
        (r"\bhrs\b", "hours"),
        (r"\babdo?\b(?=\.?\s+pain)\.?", "abdominal"),
        (r"\bn/v/d\b", "nausea, vomiting and diarrhoea"),
        (r"\bn/v\b|\bn\+v\b", "nausea and vomiting"),
        (r"\bd\+v\b|\bd&v\b|\bd/v\b", "diarrhoea and vomiting"),
        (r"\bf/c(?:/s)?\b", "fever and chills"),
        (r"\bet(?:oh)\b", "alcohol"),
        (r"\bant\.? chest pain\b", "chest pain"),
        (r"\b(?:poor|decreased|reduced) po intake\b", "poor appetite"),
        (r"\bpost-?op\b", "after the operation"),
        (r"\bex-smoker\b", "former smoker"),
        (r"\b(the patient) (?:is|was) (?=complains)", r"\1 "),
    )
)
"""Shorthand → what it stands for."""
_ABBREVIATIONS = {
    "SOB": "shortness of breath", "SOBOE": "shortness of breath on exertion", "DOE": "shortness of breath on exertion",
    "CP": "chest pain", "HA": "headache", "H/A": "headache", "LOC": "loss of consciousness", "LBP": "lower back pain",
    "PND": "breathlessness at night", "BRBPR": "bright red blood from the rectum", "PV bleeding": "vaginal bleeding",
    "PR bleeding": "bleeding from the rectum", "URTI": "a cold", "URI": "a cold", "UTI": "a urinary infection",
    "UTIs": "urinary infections", "T2DM": "type 2 diabetes", "T1DM": "type 1 diabetes",
    "DM2": "type 2 diabetes", "DM1": "type 1 diabetes",
    "DM": "diabetes", "GDM": "diabetes in pregnancy", "HTN": "high blood pressure", "HLD": "high cholesterol",
    "CAD": "heart disease", "IHD": "heart disease", "CHF": "heart failure", "HF": "heart failure", "AF": "atrial "
                                                                                                         "fibrillation",
    "AFib": "atrial fibrillation", "MI": "a heart attack", "CVA": "a stroke", "TIA": "a minor stroke", "CKD": "chron"
                                                                                                              "ic ki"
                                                                                                              "dney "
                                                                                                              "disease",
    "COPD": "COPD", "GERD": "acid reflux", "GORD": "acid reflux", "OA": "osteoarthritis", "RA": "rheumatoid arthritis",
    "DVT": "a deep vein thrombosis", "PE": "a pulmonary embolism", "BPH": "an enlarged prostate", "MVA": "a car "
                                                                                                         "accident",
    "MVC": "a car accident", "RTA": "a car accident", "FOOSH": "a fall on an outstretched hand",
    "OCP": "the contraceptive pill", "OTC": "over-the-counter", "IVDU": "injecting drugs", "PUD": "a stomach ulcer",
    "PVD": "poor circulation", "RUQ": "right upper belly", "LUQ": "left upper belly", "RLQ": "right lower belly",
    "LLQ": "left lower belly", "RIF": "right lower belly", "LIF": "left lower belly",
    "RLE": "right leg", "LLE": "left leg",
    "RUE": "right arm", "LUE": "left arm", "LUTS": "urinary symptoms", "CABG": "a heart bypass", "C-section": "caesa"
                                                                                                              "rean "
                                                                                                              "section",
    "LSCS": "a caesarean section", "appy": "an appendix operation", "TAH": "a hysterectomy",
    "ETOH": "alcohol", "EtOH": "alcohol",
}  # fmt: skip
"""Abbreviation in capitals → what a patient says."""
_ABBREVIATED = re.compile(
    r"(?<![(\w/])(?:" + "|".join(map(re.escape, sorted(_ABBREVIATIONS, key=len, reverse=True))) + r")(?![\w/)])"
)
_SIDE = re.compile(
    r"\b([RL])(?=\s+(?:eye|ear|knee|leg|arm|hand|foot|hip|ankle|shoulder|elbow|wrist|side|breast|chest|flank|calf"
    r"|thigh|groin|cheek|thumb|heel|big toe|lower|upper|sided|loin|testic\w+|jaw|temple)\b)"
)
_DOSE = re.compile(rf"\b({'|'.join(_DOSES)})\b(?=\s*(?:$|[,.;)]|and\b|for\b|with\b))", re.IGNORECASE)
_ON_DRUG = re.compile(
    r"^(The patient has a history of .*?[\w)]),? (?:currently )?(?:on|taking|managed with|treated with|controlled "
    r"(?:on|with)) "
    r"(?=(?!skin\b|region\b|abdomen\b)(?:insulin|aspirin|steroids?|inhalers?|tablets|dialysis|medications?"
    r"|[a-z]{3,}(?:in|ol|ide|ine|one|pril|tan|azole|mab|ate"
    r"|xaban|cillin|pam|lam|ast|pine|phen))\b)"
)


@lru_cache(maxsize=SENTENCES)
def spelled_out(sentence: str) -> str:
    """Write out the shorthand of what a patient said."""
    said = re.sub(r"\b(\d{1,3})\s*/\s*(7|52|12)(?= ago\b)", lambda found: f"{found[1]} {_UNITS[found[2]]}", sentence)
    said = _TIMED.sub(_for, _FRACTION.sub(lambda found: f"{found['n']}-{_UNITS[found['of']][:-1]}", said))
    for pattern, words in _SPELLED:
        said = pattern.sub(words, said)
    said = _SIDE.sub(lambda found: "right" if found.group() == "R" else "left", said)
    said = _ABBREVIATED.sub(lambda found: _ABBREVIATIONS[found.group()], said)
    if re.search(r"\d ?(?:mg|mcg|ml|g|units?|puffs?|tabs?)\b|\btakes?\b", said, re.IGNORECASE):
        said = _DOSE.sub(lambda found: _DOSES[found.group().lower()], said)
    said = _ON_DRUG.sub(r"\1 and takes ", said)
    return re.sub(r"^a (?=(?:a|an) )|(?<= a )(?:a|an) |(?<=history of )history of ", "", said)


def _for(found: re.Match[str]) -> str:
    number = re.sub(r"\s", "", found["n"])
    unit = _UNITS[found["of"]] if found["of"] else _unit(found["unit"].lower())
    said = f"for {number} {unit[:-1] if number == '1' else unit}"
    begins = found.group().lower()
    return said.replace("for", begins.split()[0], 1) if begins.startswith(("since", "past", "last")) else said


def _unit(unit: str) -> str:
    return {"h": "hours", "d": "days", "w": "weeks", "m": "months", "y": "years"}[unit[0]]
