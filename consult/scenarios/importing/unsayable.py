"""Find clauses that are no patient's sentence: fragments, statements on the record, and what rewording broke."""

from __future__ import annotations

import re
from functools import lru_cache

from consult.scenarios.importing.cleaning import SENTENCES
from consult.scenarios.importing.remarks import is_remark

_BASE = (
    r"(?:hurt|burn|itch|come|go|get|feel|look|turn|grow|bleed|peel|crack|fall|swell|ache|keep|start|begin|become"
    r"|last|stay|occur|appear|help|seem|worsen"
    r"|improve|radiate|persist|vary|spread|recur|relapse|smoke|drink|take|use|live|work|eat|sleep|walk|wake|make"
    r"|mean|depend|give|want|wish|like|know|think"
    r"|say|believe|report|need|wear|rub|wash|run|disrupt|disappear|tend|continue|remain|subside|resolve|affect|cause"
    r"|interfere|prevent|require|involve|relieve"
    r"|cover|break|open|ooze|drain|smell|sting|tingle|throb|include|enjoy|play|attend|study|cry|cough|vomit|water"
    r"|show|hear|see|flare|heal|react|respond)"
)
_FINITE = re.compile(
    r"\b(?:am|is|are|was|were|has|have|had|do|does|did|can|could|cannot|can't|will|would|may|might|must|should)\b"
    r"|'(?:s|re|ve|m|d|ll)\b|n't\b|\bI (?!and\b|or\b)[a-z]+"
    r"|\b(?:began|came|went|got|grew|took|made|said|told|saw|became|fell|woke|lost|broke|ran|ate|drank"
    r"|bought|gave|kept|thought|brought|stood|slept|knew|met|quit|sent|spent|started|appeared|developed|happened"
    r"|increased"
    r"|worsened|improved|resolved|progressed|changed|noticed|turned|disappeared|subsided|stopped|helped"
    r"|expanded|recurred|experienced|traveled|travelled|moved|lived|worked|smoked|received|underwent|visited"
    r"|preceded)\b"
    rf"|\b(?:they|we|you|these|those|who|which|that|[a-z]{{2,}}[^s\W]s|feet|teeth|people|children) (?:\w+ly |also "
    rf"|often |sometimes |always |still |all |both )?{_BASE}\b"
    r"|\b(?:it|he|she|they|we|you|who|which|(?:my|the|a|an|his|her) (?:\w+ )?\w+) (?:\w+ly |also |then |all |first "
    r")?(?:\w+ed|found|felt|left|cut|hit|put|read|let|saw)\b(?! (?:with|by)\b)"
    r"|\b(?:it|he|she|this|that|there|my|the|a|an|which|who|one|some)\b(?: [\w'-]+){0,8}? (?:spread|hurts|burns"
    r"|itches|comes|goes|gets|feels|looks|turns|grows|bleeds|peels|cracks|falls"
    r"|swells|aches|keeps|starts|begins|becomes|lasts|stays|occurs|appears|helps|seems|worsens|improves|radiates"
    r"|persists|varies|spreads|recurs|relapses|takes|makes"
    r"|means|depends|gives|says|believes|needs|rubs|disrupts|disappears|tends|continues|remains|subsides|resolves"
    r"|affects|causes|interferes|prevents|requires"
    r"|involves|exacerbates|relieves|covers|breaks|opens|oozes|drains|smells|stings|tingles|throbs|includes|works"
    r"|runs|shows|flares|heals|reacts|responds|hears|sees|uses|wants)\b"
    r"|\b(?:comes|goes|gets|feels|becomes|occurs|appears|seems|oozes|worsens|improves|radiates|persists|varies"
    r"|recurs|relapses|disappears|subsides|resolves|includes|wakes|hurts|itches|helps|lasts)\b",
    re.IGNORECASE,
)
"""Matches what can be the verb of a clause."""
_RECORD = re.compile(
    r"\b(?:no|without|unknown) (?:past |prior |known |detailed )*(?:medical |social |surgical |family )*(?:history"
    r"|information|data|details?|records?|documentation)"
    r" (?:is |was )?(?:available|given|obtained|recorded|on file|reported|documented|noted|provided)\b"
    r"|\b(?:not|un)available\b|\bhistory[- ]taking\b|\breview of (?:other )?systems\b|\bsystems review\b"
    r"|\bchart\b(?! )|\bmedical records?\b"
    r"|\b(?:reported|noted|stated|documented|described) by the (?:mother|father|parents?|roommates?|family|wife"
    r"|husband|caregivers?)\b"
    r"|\bno (?:specific )?mention of\b|\bno (?:\w+ ){0,3}(?:noted|documented|recorded)\b|\bthe (?:current "
    r")?presentation\b|\bpresentation today\b"
    r"|^(?:unremarkable|noncontributory|non-contributory|normal|negative|none|nil|otherwise (?:negative"
    r"|unremarkable)|as above|see above|same|ditto)$"
    r"|\b(?:social|medical|birth|family) history (?:unremarkable|noncontributory)\b|\bN/A\b|\bas per\b|\bper (?:the "
    r")?(?:chart|mother|parents?|family|report)\b"
    r"|^family history\b|\bno complaints\b|\bdermatology was consulted\b|\bthe rest of the exam\w*|\bcondition "
    r"described\b|\bchief complaint\b|\binformant\b|\bpoor historian\b"
    r"|\bin no (?:acute )?distress\b|\bmarked by\b.*\bexam|\bindicative of\b|\bsuggestive of\b|\bconsistent with\b"
    r"|\bdifferential\b|\bwill (?:review|refer|order|arrange)\b"
    r"|\b(?:is|was) (?:ordered|consulted|counselled|counseled)\b|\bevaluation reveals?\b|\bdate of (?:birth"
    r"|admission|visit)\b|\bclinical (?:picture|course|suspicion)\b",
    re.IGNORECASE,
)
"""Matches what is said of the record, of the visit, and of conclusions."""
_PEOPLE = (
    r"(?:mother|father|mom|mum|dad|parents?|grand\w+|sister|brother|siblings?|uncle|aunt|cousin|niece|nephew|wife"
    r"|husband|spouse|partners?|son|daughter"
    r"|child|children|kids?|baby|boyfriend|girlfriend|friends?|roommates?|family|doctors?|physicians?|nurses?"
    r"|dermatolog\w+|gynecologist|specialist|teachers?|boss"
    r"|colleagues?|neighbou?rs?|players?|people|relatives?|members?|hospital|surgeon|pharmacist|dentist|someone"
    r"|somebody|coach|classmates?|woman|man|girl|boy|hosts?|clinician|team|midwife|therapist|provider|cat|dog|who)"
)
_NAMED = re.compile(rf"\b{_PEOPLE}\b", re.IGNORECASE)
_SEVERAL = re.compile(
    r"\b(?:parents|family|members|friends|roommates|children|people|siblings|brothers|sisters|relatives|colleagues"
    r"|classmates|peers|team|we)\b",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"\b(?:he|she|him|himself|herself|his|her|hers)\b", re.IGNORECASE)
_THEY_DID = re.compile(
    r"\bthey (?:\w+ly |also |then |have |had )?(?:went|tried|took|used|applied|visited|consulted|bought|sought|drank"
    r"|ate|smoked|felt|wanted|complained|denied|noticed|came in|scratched)\b"
    r"|\btheir (?:hair|sleep|body|doctor|job|work|family|mother|father|wife|husband|home|school)\b|\bthemselves\b",
    re.IGNORECASE,
)
_OF_PATIENT = re.compile(
    r"\b(?:the|this|an?|another|new|similar|our|my|these|those|many|some|most|male|female|old|young|one) (?:\w+ "
    r")?(?:in|out)?patients?\b(?! (?:team|ward|unit|department|clinic))"
    r"|^(?:\w+ )?patients?\b|\bthis (?:case|individual|gentleman|lady|man|woman|boy|girl|child|infant|baby)\b"
    r"|\bof an? (?:young |old |little |elderly )?(?:girl|boy|man|woman|patient|child)\b|^(?:the )?(?:case|subject"
    r"|individual)\b|^(?:an? |the )?(?:\d+[- ](?:day|week|month|year)s?[- ]old|otherwise healthy|previously healthy)\b"
    r"|^(?!I\b|my\b)[^;]{0,60}\ba \d+-(?:day|week|month|year)-old (?:\w+ ){0,2}(?:man|woman|boy|girl|male|female"
    r"|infant|newborn|child)\b"
    r"|^(?:the |a )?(?:male|female|man|woman|boy|girl|infant|newborn|neonate|toddler|child|baby|adolescent"
    r"|elderly)\b(?! pattern)"
    r"|^the (?:\w+ )?(?:worker|farmer|student|driver|teacher|plasterer|lady|gentleman|girl|boy|male|female)\b"
    r"|\b(?:gram|g|kg|lb)\)? (?:\([^)]*\) )?(?:male |female )?(?:newborn|infant|neonate|baby)\b|^I am an? (?:\w+ "
    r")?(?:newborn|neonate|infant|fe?male (?:newborn|infant))\b"
    r"|^(?:I am |a )?(?:young |old |elderly )?(?:fe)?male$|^(?:male|female)[,;]|,\s*(?:male|female)(?:,|$)",
    re.IGNORECASE,
)
"""Matches what is told of the patient in the third person."""
_BROKEN = re.compile(
    r"\bI have (?:am|is|are|was|were|be|with|appears?|unaware|worse|better|released|brother|sister|mother|father"
    r"|died|taking|using|underwent|delivered|exclusively"
    r"|dresses|present|been (?:am|is|has)|the (?:onset|picture)|I|an? (?:is|was|has)|currently|often|diagnos\w+"
    r"|discussion|\d+ years old|noted|normal|and|or|my \d|my (?:son|daughter|wife|husband|child|mother|father))\b"
    r"|\bI have (?!had\b|been\b)(?:no )?[^.;,]{0,60} (?:has|have) been$|\bI have (?:a history of )?(?:no|not|without)$"
    r"|\bI (?:has|is|does|scratching|who|are|were|the|a|an|my|me|presents?|presenting)\b|\bI I\b|\bmy (?:my|I|the"
    r"|a)\b|\bme (?:am|I|my)\b(?! (?:mother|father))|^me[,:]|\bof my had\b"
    r"|\btelling my\b|\bI (?:\w+ )?(?:report|state|cite|endorse|denies|deny|reports|states|complains)\b|\bdenies\b"
    r"|\ban? (?:a|an|the)\b|\bthe the\b|\bno (?:a|an|no|any)\b"
    r"|\bI have (?:presence|appearance|refusal|reluctance|recollection|ingestion|nonresponsiveness|noncompliance"
    r"|exacerbation|failure|ability|demonstration|display|sparing|involvement|concern over|unawareness|sudden onset$)"
    r"|\bI have (?:the )?(?:back|front|side|top|inside|outside) of (?:the |my )?\w+$|\bI have (?:hearing|seeing"
    r"|talking|walking|running|sitting|standing|breaking|yelling|pacing|limping|grunting|moving|speaking|using"
    r"|taking|choking and|being|doing|making|going|getting|playing|working)\b"
    r"|\bpresents (?:with|for|to)\b|\bI (?:\w+ )?present (?:with|for|to|as)\b|\bfound (?:next to|unresponsive"
    r"|unconscious|lying)\b|\bpresented (?:with|for|to the)\b|\bI present\b|\bI am presenting\b|\bI have (?:their"
    r"|his|her) "
    r"|(?:^|, )(?:mother|father)'s "
    r"|\bfor the past since\b|,\s*,|^(?:or|with|without|of) |\b(?:and|or|with|of|the|a|my|for)$|\b(?:symptoms"
    r"|condition|lesions?|rash|diagnosis) (?:is|are|was|were)$|^if (?:anyone|there is anything|you)\b",
    re.IGNORECASE,
)
"""Matches what no rule for rewording should have made."""
_OWN = re.compile(r"(?:my|our|it|there|they|we|these|those|this|that)(?: [\w'-]+){2}", re.IGNORECASE)
"""Matches the beginning of a sentence whose verb need not be known."""
_DANGLES = re.compile(
    r"^(?:back|left|right|front|hand|hands|foot|feet|arm|arms|leg|legs|face|flowers?|title|untitled|test|other"
    r"|others|unknown)(?: (?:hand|foot|arm|leg|side|of the \w+))?$",
    re.IGNORECASE,
)


@lru_cache(maxsize=SENTENCES)
def is_sayable(clause: str, words: int = 0) -> bool:
    """Return whether a clause in the first person can be a patient's sentence.

    Args:
        clause: In the words of `in_first_person`.
        words: Most words that are enough without a verb, if it answers the question of a topic.
    """
    if is_remark(clause) or _RECORD.search(clause) or _OF_PATIENT.search(clause) or _BROKEN.search(clause):
        return False
    if _DANGLES.match(clause) or not re.search(r"[A-Za-z]{2}", clause):
        return False
    if _PRONOUN.search(clause) and not _NAMED.search(clause):
        return False
    if _THEY_DID.search(clause) and not _SEVERAL.search(clause):
        return False
    return (_FINITE.search(clause) or _OWN.match(clause)) is not None or len(clause.split()) <= words
