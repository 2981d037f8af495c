"""Classify sentences: topics for a patient's statements, examinations for findings that only a doctor can make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from consult.scenarios.importing.cleaning import SENTENCES

TOPICS: Mapping[str, str] = {
    "site": "where on the body the problem is",
    "duration": "how long it has been there",
    "sensation": "what it feels like, such as itch, pain or burning",
    "course": "whether it is getting better, worse or comes and goes",
    "trigger": "what may have set it off",
    "symptoms": "other symptoms besides",
    "history": "past illnesses and what led up to this",
    "treatment": "medicines, and what has been tried against it",
    "allergies": "allergies",
    "family": "illnesses in the family or contacts",
    "social": "work, home and habits",
    "age": "the patient's age",
}
"""Topic → what a question about it asks for. The starter knows most of them."""

EXAMINATIONS: Mapping[str, str] = {
    "temperature": "taking the body temperature",
    "palpation": "feeling the place with the fingers",
    "vital signs": "pulse, blood pressure, breathing, weight",
    "general examination": "looking the patient over",
    "skin examination": "looking closely at skin, hair and nails",
    "eye examination": "examining the eyes",
    "ear, nose and mouth examination": "examining ears, hearing, nose, mouth and throat",
    "chest examination": "examining heart, lungs and breasts",
    "abdominal examination": "examining the belly",
    "pelvic examination": "examining pelvis, genitals and rectum",
    "neurological examination": "testing nerves, strength, reflexes and gait",
    "mental state": "testing mood, thought and memory",
    "joints and limbs": "examining bones, joints, arms and legs",
    "blood tests": "laboratory tests of the blood",
    "urine and stool tests": "laboratory tests of urine and stool",
    "cultures": "cultures, smears and tests for germs",
    "biopsy": "a sample of tissue under the microscope",
    "imaging": "X-ray, ultrasound, CT, MRI",
    "tracings": "ECG, EEG, lung function, nerve conduction and the like",
    "other tests": "any other test",
}
"""Examination → its description."""

_TOPIC_WORDS = {
    "allergies": r"allerg(?:y|ies|ic to)\b",
    "family": r"\b(?:mother|father|parents?|sibling|brother|sister|relatives?|cousin|aunt|uncle|grand\w+|famil\w+)\b",
    "treatment": r"\b(?:medications?|medicines?|takes?|taking|tak(?:en|es)|treat\w*|cream|ointment|steroids?"
    r"|antibiotic\w*"
    r"|antifungal\w*|therap\w+|prescri\w+|over-the-counter|mg|remed\w+|vaccin\w+|ibuprofen|tablets?|lotion)\b",
    "social": r"\b(?:smok\w*|cigarettes?|alcohol\w*|drinks?|works?|job|occupation|lives?|living|retired|student"
    r"|marri\w+"
    r"|wash(?:es|ing)?\b|exercis\w*|sexual\w*|travel\w*|drugs?|marijuana|immigrated|native|school|hik\w+|beach|swim\w*)\b",
    "duration": r"(?:\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|several|few|past|many)"
    r"|(?:(?<=for )|(?<=about )|(?<=over )|(?<=than )|(?<=almost )|(?<=past ))an?)[- ]"
    r"(?:to \d+ )?(?:minute|hour|day|week|month|year)s?\b(?!-old| old)"
    r"|\ban? (?:minute|hour|day|week|month|year) (?:ago|now)\b|\b(?:since|began|started|first noticed)\b",
    "history": r"\b(?:history|diagnosed|surgery|previous(?:ly)?|prior|hospitali[sz]\w+|pregnan\w+|born|chronic)\b",
    "trigger": r"\b(?:aggravat\w+|trigger\w*|provoked|exposure|exposed|bites?|bitten|after (?:eating|exercise"
    r"|contact|the)"
    r"|worse (?:with|after|when)|when(?:ever)? I)\b",
    "course": r"\b(?:wors\w+|progress\w*|spread\w*|better|improv\w+|resol\w+|recur\w+|intermittent\w*|enlarg\w+|grow\w*"
    r"|grown|came back|comes? and goe?s?|changed?)\b",
    "sensation": r"\b(?:pain\w*|itch\w*|burn\w*|sting\w*|tender\w*|numb\w*|tingl\w*|prurit\w*|sore\w*|ach\w+"
    r"|asymptomatic"
    r"|hurts?|discomfort|bother\w*)\b",
    "symptoms": r"\b(?:fever\w*|nausea|vomit\w*|cough\w*|fatigue\w*|headaches?|dizz\w+|weak\w*|swelling"
    r"|bleed\w*|breath\w*"
    r"|diarrh\w+|symptoms?|chills|weight|appetite)\b",
    "site": r"\b(?:on|in|over|at|around|under) (?:my|the|both)\b|\bmy (?:left|right)\b|\blocated\b",
}
_TOPICS = {topic: re.compile(pattern, re.IGNORECASE) for topic, pattern in _TOPIC_WORDS.items()}

_EXAMINATION_WORDS = {
    "temperature": r"temperature|\b(?:a?febrile|normothermic)\b",
    "vital signs": r"vital sign|blood[_ ]pressure|heart[_ ]rate|respiratory[_ ]rate|pulse|saturation|\bbpm\b"
    r"|growth param|\bweight\b",
    "biopsy": r"biops|histolog|histopatholog|immunofluorescence|aspirate\b|microscop(?!ic exam)",
    "cultures": r"\bcultur|\bKOH\b|hydroxide|scraping|\bsmear of|\bgram[- ]|serolog|\bPCR\b|\bSTIs?\b|\bSTDs?\b"
    r"|infectious|\bTORCH\b|tuberculin|\bswab|\bHIV\b|antigen",
    "imaging": r"imaging|x[-_ ]?rays?\b|radiograph|ultraso|sonogra|\bMRI|\bCT\b|tomogra|doppler|mammogra|barium"
    r"|\bscan\b|scopy\b(?<!dermoscopy)(?<!dermatoscopy)(?<!microscopy)(?<!ophthalmoscopy)",
    "tracings": r"\belectro(?!lyt|phor)|\bE[CEM]G\b|echocardio|spirometr|pulmonary function|nerve conduction|polysomn"
    r"|audiom",
    "urine and stool tests": r"\burin|\bstool|cystosc",
    "blood tests": r"\bblood|\bserum|\bCBC\b|\bhemato|chemistr|coagul|thyroid function|liver function|\bpanel"
    r"|laborator|\blab[_ ]|electrolyt|hormon|\biron\b|\bsmear|antibod|glucose|\bESR\b|\bCD4|reticulocyte|toxicolog"
    r"|\bCA-|\bgases\b",
    "palpation": r"\bpalpa|\bto the touch\b|\bindurated\b",
    "skin examination": r"\bskin|dermat|dermosc|\bnail|\bscalp|\brash|lesion|papul|plaque|macul|nodul|vesic|\bpatch"
    r"|erythem|bulla",
    "eye examination": r"\beyes?\b|ophthal|\bretina|\bvision|\bvisual|conjunctiv|\bpupil",
    "ear, nose and mouth examination": r"\bENT\b|\bears?\b|\bnose|\bmouth|\boral|\bthroat|\btongue|hearing|audiolog"
    r"|\bneck|tonsil",
    "neurological examination": r"neuro|reflex|cranial|\bgait|\bmotor|sensory|coordinat|vestibul|hallpike|positional",
    "mental state": r"mental|psych|\bmood|\baffect\b|cognit|\bmemory|diary|assessment tool",
    "abdominal examination": r"abdom|\bliver|\bspleen|\bbowel|kidney|\bflank|\brenal",
    "chest examination": r"\bchest|cardi|\bheart|\blungs?\b|pulmon|respirat|\bbreast|\bbreath|murmur|auscultat",
    "pelvic examination": r"pelvi|vagin|genit|\buter|\bcervix|\brect|obstet|scrot|\btestic|prostat|\bpenis|anosc"
    r"|perine",
    "joints and limbs": r"musculo|\bjoint|\blimb|extremit|shoulder|\bknee|\bhip\b|\bhands?\b|\bfinger|\bleg\b|\bfoot\b"
    r"|\bspine|range of motion",
    "general examination": r"general|appear|inspect|examin|remainder",
}
_EXAMINATIONS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _EXAMINATION_WORDS.items()}

_FOUND = re.compile(
    r"\b(?:on|during|upon) (?:the |physical |clinical |skin |his |her )*exam\w*|\bexamination (?:\w+ ){0,6}?"
    r"(?:reveal|show|demonstrat|disclos|is|was|findings?|results?)\w*|\b(?:physical|skin) exam\w* |\bbiops\w+"
    r"|\bhistolog\w+"
    r"|\bhistopatholog\w+|\bdermo?a?t?oscop\w+|\bKOH\b|\bhydroxide\b|\blaborator\w+|\bculture[sd]?\b|\bimaging\b"
    r"|\bX-rays?\b|\bMRI\b|\bCT\b|\bultrasound\b|\bserolog\w+|\btests? (?:is|was|were|are) (?:positive|negative)"
    r"|\bpalpat\w+|\bI (?:am|was) (?:afebrile|febrile)\b|\byou (?:notice|note|see|find|observe)\b",
    re.IGNORECASE,
)
"""Matches sentences with a doctor's findings."""
_JARGON = re.compile(
    r"\b(?:erythemat\w+|papul\w+|plaques?|macul\w+|macules?|nodul\w+|vesic\w+|bulla\w*|hypopigment\w+|hyperpigment\w+"
    r"|violaceous|indurat\w+|well-(?:demarcated|circumscribed|defined)|annular|lichenif\w+|excoriat\w+"
    r"|atroph\w+|edemat\w+"
    r"|telangiect\w+|pustul\w+|adenopathy|lymph nodes?|bilateral\w*|verrucous|ulcerat\w+|nontender)\b",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\b(?:I|me|my|mother|father|parents)\b")


_SAYS = re.compile(
    r"^(?:(?:his|her|my|the)(?: \w+)? (?:mother|father|parents|wife|husband|patient)|the patient|s?he|I|patient)"
    r"(?: also| first| then)? (?:states?|stated|reports?|reported|says|said|notice[sd]?|noted|notes|complains?"
    r"|complained|mentions?|mentioned|denies|denied|recalls?)\b",
    re.IGNORECASE,
)
"""Matches the beginning of what somebody tells a doctor."""
_NO_DURATION = re.compile(
    r"\b(?:after|within|every|each|once|twice|times|per|for up to|lasts?|lasting|attending|travel\w*|trip|vacation)"
    r" (?:in )?(?:about |only |the (?:last |past )?)?(?:an?|\d+|one|two|three|few|several|a few)?[- ]?(?:few )?"
    r"(?:minute|hour|day|week|month|year)s?\b",
    re.IGNORECASE,
)
"""Matches a time that is no duration of the illness: how long or how often something lasts or helps."""


@lru_cache(maxsize=SENTENCES)
def topic_of(clause: str) -> str:
    """Return the topic of a patient's statement; `history` if no word decides."""
    told = _NO_DURATION.sub("", clause)
    return next((topic for topic, words in _TOPICS.items() if words.search(told)), "history")


def examination_of(heading: str, text: str) -> str:
    """Return the examination of a finding: from its heading, or from its words if that does not decide."""
    headed = [name for name, words in _EXAMINATIONS.items() if words.search(heading) and name != "palpation"]
    told = (name for name, words in _EXAMINATIONS.items() if words.search(text))
    return headed[0] if headed else next(told, "other tests")


def is_told(sentence: str) -> bool:
    """Return whether a sentence of a case report is what the patient, or a relative, tells the doctor."""
    return _SAYS.match(sentence) is not None


@lru_cache(maxsize=SENTENCES)
def is_found(sentence: str, clause: str) -> bool:
    """Return whether a sentence of a case report is a doctor's finding, and not something the patient can know.

    Args:
        sentence: The sentence in the report.
        clause: The same in the first person.
    """
    if _FOUND.search(sentence):
        return True
    if is_told(sentence):
        return False
    jargon = len(_JARGON.findall(sentence))
    return jargon >= 2 or (jargon == 1 and _FIRST_PERSON.search(clause) is None)
