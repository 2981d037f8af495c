"""Read the shorthand of clinical notes: what the patient said is written out, and what only a doctor writes is found.

"Pt c/o painful red eye x 3/7" becomes "The patient complains of painful red eye for 3 days". A measurement
("BP 120/80") or a sign ("O/E corneal infiltrate") is a finding of an examination. Other shorthand is set aside and
listed, since no patient talks like that.
"""

from __future__ import annotations

import re
from functools import lru_cache

from consult.scenarios.importing.cleaning import SENTENCES
from consult.scenarios.importing.remarks import without_remarks

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
    r"|^appears?\b|\boriented (?:to|x ?\d)|\b(?:is|are|was|were) noted\b(?! by\b)"
    r"|\b(?:s?he|patient|boy|girl|man|woman|infant|child)(?: also)? (?:appears|appeared|looks|looked) \w+"
    r"|\b(?:somnolent|obtunded|diaphoretic|cachectic|well-nourished|well-developed|in no (?:acute )?distress)\b"
    r"|\b(?:scleral|psychomotor|conjunctiva\w*|pitting|tortuous|necrotic)\b"
    r"|\b(?:blunted|flat|labile) affect\b|\bwithin normal limits\b"
    r"|\bdisorgani[sz]ed speech\b|\bdelusions? of\b"
    r"|\b(?:gait|limb|truncal|cerebellar) ataxia\b|^(?:I have )?ataxia\b|\bataxic\b|\bdysmetria\b"
    r"|\bdysdiadochokinesia\b|\bnystagmus\b"
    r"|\b(?:bowel|breath|heart|lung) sounds\b|\b(?:rales|rhonchi|crackles|crepitus|gallops?|bruits?|thrills?"
    r"|friction rub)\b"
    r"|\bS[34]\b(?! (?:level|nerve))|\b(?:tendon )?reflex(?:es)?\b(?! sympathetic)|\b(?:plantar|babinski"
    r"|hoffmann)\w* (?:responses?|sign)\b|\bclonus\b"
    r"|\b(?:hepato|spleno|organo|cardio|macrocephal|microcephal)\w*(?:megaly|y)\b|\blymphadenopathy\b|\badenopathy\b"
    r"|\bascites\b"
    r"|\b(?:hyper|hypo)(?:tonia|tonic|reflexia)\b|\bspasticity\b|\bfasciculations?\b|\bmuscle tone\b|\brigidity\b"
    r"|\bcogwheel\w*\b"
    r"|\b(?:tachy|brady)(?:cardia|pn(?:o)?ea)\b|\btachycardic\b|\btachypn(?:o)?eic\b|\bhypotens(?:ion|ive)\b"
    r"|\bhypoxi[ac]\b|\bafebrile\b"
    r"|\b(?:intercostal|intercoastal|subcostal|suprasternal|chest wall)\b|\bretractions?\b|\brecessions?\b|\bnasal "
    r"flaring\b|\bcyanosis\b|\bcyanotic\b"
    r"|\bfontanel\w*\b|\bapgar\b|\bcap(?:illary)? refill\b|\b(?:per)?centiles?\b|\bmucous membranes? (?:are |is "
    r")?(?:dry|moist|pink)\b"
    r"|\btympanic\b|\bTMs?\b|\btonsillar\b|\bexudates?\b|\bpalpable\b|\bpalpation\b|\bpercussion\b"
    r"|\b(?:rebound|guarding|uterine|adnexal|cervical motion|costovertebral|CVA|epigastric|point|spinal|vertebral"
    r"|sinus|calf|flank) tenderness\b"
    r"|\btenderness (?:to|at|over|along|of|in|on)\b|\b(?:rebound|guarding)\b(?! against)|\bperitonism\b"
    r"|\bperitoneal signs\b"
    r"|\b(?:papilled|papilloed)ema\b|\boptic (?:disc|nerve)\b|\bfund(?:us|al|i)\b|\bretinal?\b(?! detachment)"
    r"|\bhypopyon\b|\bkeratic\b|\bcells and flare\b"
    r"|\banterior chamber\b|\b(?:limbal|ciliary) (?:injection|flush)\b|\bRAPD\b|\bpupil(?:s|lary)?\b|\bcup[- ]to[- "
    r"]disc\b|\bvisual field\w* defect\b|\bproptosis\b"
    r"|\bextraocular\b|\bcloudy lens(?:es)?\b|\bleukocoria\b|\bred reflex\b|\bvisual acuity\b"
    r"|\bJV[PD]\b|\bjugular\b|\bapex beat\b|\b(?:ejection fraction|EF)\b|\bST[- ](?:elevation|depression|segment)\b"
    r"|\btroponins?\b|\bNYHA\b|\bBNP\b"
    r"|\b(?:pan|ejection |holo)?(?:systolic|diastolic)\b|\bclubbing\b|\bkoilonychia\b|\bspider (?:na?evi|angiomas?)\b"
    r"|\bmovements felt\b|\bfetal (?:heart|movement\w* (?:seen|felt by))|\bfund(?:al|us) height\b|\bcervi(?:x|cal) "
    r"(?:is |was )?(?:\d|dilat\w+|effac\w+|closed|os)\b|\beffaced\b|\blochia\b"
    r"|\bspeculum\b|\bcephalic presentation\b|\bbreech\b(?! (?:delivery|birth))|\bproteinuria\b|\bCTG\b"
    r"|\b(?:auspitz|nikolsky|murphy|mcburney|kernig|brudzinski|rovsing|homans?|tinel|phalen|romberg|trendelenburg"
    r"|lachman|mcmurray|straight leg rais\w+|darier)\b(?:'s)?"
    r"|\b(?:positive|negative) (?:\w+ ){0,2}(?:sign|test|maneuver|manoeuvre)\b|\b(?:range of motion|ROM"
    r"|neurovascular\w*|full power|power \d|strength \d)\b"
    r"|\b\d/5\b|\b[1-4]\+ (?:pitting|edema|oedema|reflex\w*|pulses?)\b|\b(?:adducted|abducted|internally rotated"
    r"|externally rotated)\b|\bresting position\b"
    r"|\b(?:up)?on (?:physical |clinical |further )*exam(?:ination)?\b|\bduring (?:the |physical |clinical "
    r")*exam(?:ination)?\b|\bnoted (?:at birth|on exam\w*|upon exam\w*)\b"
    r"|\b(?:alert|awake) and (?:active|oriented|cooperative|responsive|interactive|comfortable)\b|\b(?:clitoromegaly"
    r"|labial fusion|mucositis)\b|\b(?:is|are|was|were) (?:seen|appreciated|visuali[sz]ed|palpated|elicited"
    r"|evident)\b(?! by\b| in (?:the|a) (?:clinic|hospital|emergency))"
    r"|\bimmunofluorescence\b|\bneuropsychiatric evaluation\b|\bnormal temperature\b|\b(?:unkempt|disheveled"
    r"|dishevelled|poor eye contact|pressured speech)\b"
    r"|\b(?:auditory|hearing|newborn) screening\b|\brespirations?\b(?= (?:are|is|were|was|\d))|\bdo not blanch\b"
    r"|\bnon-?blanching\b|\bto the palm of\b"
    r"|\b(?:endoscopy|pathological examination|laboratory|biops(?:y|ies)|smear|hyphae"
    r"|microscop\w+)\b(?=.*\b(?:show\w*|found|reveal\w*|negative|positive)\b)"
    r"|\bvesiculopustular\b|\bumbilicat\w+\b|\blichenif\w+\b|\bconjugate\b|\bmaceration\b|\bsubcutaneous emphysema\b"
    r"|^(?!.*\b(?:I|my|s?he|his|her|patient)\b).*\b(?:was|were) present (?:on|over|in|at) the\b"
    r"|\bparaphimosis\b|\bappropriate for (?:\w+ )?(?:age|gestation\w*)\b"
    r"|\bshow(?:s|ed|ing)? signs of\b|\bin the (?:office|clinic) today\b|\bis febrile\b"
    r"|^(?:obs|vitals|exam|examination|ix|inv|investigations|bloods|imaging|labs)\s*[:-]",
    re.IGNORECASE,
)
_SHORTHAND = re.compile(
    r"\b(?!n/a)[a-z]/[a-z]\b|\b(?:pts?|pmhx?|fhx?|shx?|hx|ddx|dx|rx|tx|sx|mx|nkda|prn|qid|tid|bid|bd|tds|ros|hpi"
    r"|rtc)\b\.?"
    r"|^(?:tentative|provisional|preliminary|final|initial) (?:diagnosis|impression)\s*[:-]"
    r"|^(?:imp|impression|plan|assessment|a/?p|diagnosis|differential|follow[- ]?up|f/u|working diagnosis)\s*[:-]"
    r"|\bG\d ?P\d\b|\bgravida\b|\bpara \d|\bprimi(?:gravida|para)\b|\bmulti(?:gravida|para|parous)\b"
    r"|\b\d{2}\s*/\s*40\b|\b[23]\d\+\d\b"
    r"|^(?:sh|fh|soc|all|obs|imm|immunis\w+|immuniz\w+|birth|development|o|a|p)\s*[:-]\s|\b(?:c/s|abx|u/s|wt|ht|bw"
    r"|adm|d/c|f/u|yr|yrs)\b"
    r"|\d(?:g|mg)?\s?I?iv(?:gtt)?\b|(?-i:^[A-Z]{2,5}\s*:)|[+]{2,}|\b[+-]ve\b|[↑↓→]",
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
    return _NO_FACT.search(without_remarks(sentence.strip())) is not None


@lru_cache(maxsize=SENTENCES)
def is_doctors(sentence: str) -> bool:
    """Return whether a sentence is a measurement or a sign, which an examination shows."""
    return _MEASURED.search(sentence) is not None or _SIGN.search(sentence) is not None


@lru_cache(maxsize=SENTENCES)
def is_shorthand(sentence: str) -> bool:
    """Return whether a sentence still has shorthand that no patient would say."""
    return _SHORTHAND.search(sentence) is not None
