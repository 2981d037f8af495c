"""Word what a doctor reports of a patient as plain speech: "I report noticing a lump" becomes "I noticed a lump".

The clause is in the first person already. The rules match the verbs with which doctors report, deny, and present.
"""

from __future__ import annotations

import re

_VERBS = (
    r"(?:report|state|mention|endorse|acknowledge|disclose|reveal|recount|indicate|describe|note|say|admit to|admit"
    r"|complain of|complain about|complain|claim)"
)
_PAST_VERBS = (
    r"(?:reported|stated|mentioned|endorsed|acknowledged|disclosed|revealed|recounted|indicated|described|said"
    r"|admitted to|admitted|complained of|complained about|complained|claimed)"
)
_ADVERB = r"(?:(?:also|further|then|additionally|only|currently|now|initially|first|often|do|did|can) )?"
_REPORTS = re.compile(
    rf"(?P<before>^|[,;:] |\b(?:and|but|or|which|although|though|when|while|because|since|that) )"
    rf"(?P<subject>I )?(?P<adverb>{_ADVERB})(?P<verb>{_VERBS}|{_PAST_VERBS})(?: (?P<that>that))?"
    rf" (?P<not>not )?(?P<how>\w+ly )?(?P<doing>[a-z]{{2,}}ing\b)?",
    re.IGNORECASE,
)
"""Matches a doctor's verb, and the gerund after it."""
_REPORTS_NO = re.compile(
    r"\b(I|and|but|or) (do|did) not (?:report|mention|endorse|note|describe|admit|complain of|present with) ", re.I
)
_CLAUSE = re.compile(
    r"(?:I|it|he|she|they|there|we|this|these|those)(?:'\w+)? "
    r"|(?:the|my|both|some|all|a) (?:[\w'-]+ ){1,4}?(?:is|are|was|were|has|have|had|do|does|did|can|could|will|would"
    r"|may"
    r"|started|began|appeared|developed|became|feels?|worsens?|worsened|improves?|improved|looks?|comes?|came|goes|went"
    r"|itches|itch|hurts?|wakes?|occurs?|started)\b",
    re.IGNORECASE,
)
"""Matches the beginning of a clause that can stand without the verb."""
_NOUNS = frozenset(
    [
        "swelling",
        "itching",
        "bleeding",
        "burning",
        "vomiting",
        "cramping",
        "tingling",
        "wheezing",
        "bruising",
        "peeling",
        "scaling",
        "shooting",
        "stabbing",
        "throbbing",
        "increasing",
        "worsening",
        "decreasing",
        "ongoing",
        "existing",
        "feeling",
        "hearing",
        "longstanding",
        "aching",
        "sweating",
        "coughing",
        "morning",
        "evening",
        "nothing",
        "anything",
        "something",
        "spotting",
        "flushing",
        "redness",
        "darkening",
        "thickening",
        "thinning",
        "drooling",
        "snoring",
        "hardening",
        "radiating",
        "crushing",
        "squeezing",
        "blurring",
        "floating",
        "flashing",
        "discharging",
        "oozing",
        "weeping",
        "following",
        "missing",
        "breathing",
        "tightening",
        "popping",
        "clicking",
        "ringing",
        "spinning",
        "lightheadedness",
        "clotting",
        "scarring",
        "blistering",
        "fainting",
        "choking",
        "gasping",
        "sneezing",
        "bloating",
        "belching",
        "chafing",
        "changing",
        "alternating",
        "fluctuating",
        "recurring",
        "persisting",
        "lasting",
        "stinging",
        "pressing",
        "nagging",
        "fasting",
        "clouding",
        "teething",
        "crying",
        "yellowing",
        "stuttering",
        "slurring",
        "during",
    ]
)
"""Words in -ing that are no verb of what the patient did."""
_PARTICIPLES = {
    "buying": ("bought", "bought"), "losing": ("lost", "lost"), "taking": ("took", "taken"), "going": ("went", "gone"),
    "seeing": ("saw", "seen"), "eating": ("ate", "eaten"), "drinking": ("drank", "drunk"),
    "sleeping": ("slept", "slept"),
    "getting": ("got", "got"), "falling": ("fell", "fallen"), "waking": ("woke", "woken"), "doing": ("did", "done"),
    "wearing": ("wore", "worn"), "running": ("ran", "run"), "making": ("made", "made"), "giving": ("gave", "given"),
    "finding": ("found", "found"), "swimming": ("swam", "swum"), "coming": ("came", "come"),
    "keeping": ("kept", "kept"),
    "hitting": ("hit", "hit"), "cutting": ("cut", "cut"), "feeling": ("felt", "felt"),
    "stopping": ("stopped", "stopped"),
    "spending": ("spent", "spent"), "hearing": ("heard", "heard"), "quitting": ("quit", "quit"),
    "planning": ("planned", "planned"), "rubbing": ("rubbed", "rubbed"), "scrubbing": ("scrubbed", "scrubbed"),
    "telling": ("told", "told"), "standing": ("stood", "stood"), "leaving": ("left", "left"),
    "biting": ("bit", "bitten"),
    "beginning": ("began", "begun"), "bringing": ("brought", "brought"), "becoming": ("became", "become"),
    "tripping": ("tripped", "tripped"), "slipping": ("slipped", "slipped"), "putting": ("put", "put"),
    "dropping": ("dropped", "dropped"), "vomiting": ("vomited", "vomited"), "travelling": ("travelled", "travelled"),
    "visiting": ("visited", "visited"), "traveling": ("traveled", "traveled"), "playing": ("played", "played"),
}  # fmt: skip
_HABITUAL = {
    "smoking": "smoke", "drinking": "drink", "using": "use", "taking": "take", "working": "work", "living": "live",
    "exercising": "exercise", "eating": "eat", "sleeping": "sleep", "wearing": "wear",
    "walking": "walk", "waking": "wake",
}  # fmt: skip
_USUAL = re.compile(
    r"\b(?:a (?:day|week|night)|daily|per|every|each|regularly|occasionally|usual|socially|weekends|alone|with)\b"
)
_AGO = re.compile(r"\b(?:ago|yesterday|last (?:night|week|month|year)|earlier|prior|before)\b|\bin (?:19|20)\d\d\b")
_N = (
    r"(?:\d+(?:\.\d+)?(?:\s?(?:-|to)\s?\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|several"
    r"|few|many)"
)
_HISTORY = re.compile(
    rf"\b(?:now )?I (?:have|have had|had) (?:an? |the )?(?:approximately |roughly |about |over )?(?P<n>{_N})[- ]?"
    r"(?P<unit>hour|day|week|month|year)s?(?:'s?)?[- ](?:long[- ])?(?:history|duration|course)[- ]of[- ]"
    r"(?:experiencing |having |an? |increasing(?= \w+ing\b))?",
    re.IGNORECASE,
)
_LONG = re.compile(
    r"\bI (?:have|had) (?:a )?(?P<unit>hour|day|week|month|year|decade)s?-long history of (?:experiencing |having )?",
    re.IGNORECASE,
)
_WITH_HISTORY = re.compile(
    rf"\b(?P<with>with|of|because of|after having had) an? (?P<n>{_N})[- ](?P<unit>hour|day|week|month|year)s?[- "
    rf"]history of (?P<what>[^,;]{{3,80}})$",
    re.IGNORECASE,
)
_WHOLE_HISTORY = re.compile(
    rf"\bI (?:have|had) (?:an? )?(?P<n>{_N})[- ]?(?P<unit>day|week|month|year)s?[- ](?:medical )?history(?=[,.;]|$)"
    rf"|\bI (?:have|had) a (?:medical )?history of (?P<n2>{_N})[- ](?P<unit2>day|week|month|year)s?(?=[,.;]|$)",
    re.IGNORECASE,
)
_TIMES_OF = re.compile(
    rf"^I have (?P<n>{_N}) (?P<unit>day|week|month|year)s? (?:duration )?of (?!life)(?=(?:(?!and \w+ (?:day"
    rf"|week)).)*$)",
    re.IGNORECASE,
)
_HAD_FOR = re.compile(
    r"^I have (?=(?!had |been |not |no |never |taken |tried |used |found |felt |seen |got |gotten |grown |lost "
    r"|begun |kept |gone |come |a history|(?!blurred |decreased |increased |reduced |diminished |generali[sz]ed "
    r"|locali[sz]ed |unexplained )\w+ed )[^.;]{2,120}? (?:for|over|during) (?:the (?:last|past|previous) )?"
    rf"(?:over |about |almost |nearly |more than |at least )?{_N} (?:\w+ )?(?:minute|hour|day|week|month|year)s?\b"
    r"(?! (?:each|every|at a time))[^.;]{0,20}$)"
)
_PLACED = r"(?:(?!\b(?:because|as|since|when|while|after|before|so|with|that|who|was|were|is|has|had)\b)[^.,;])"
"""Matches a character of where the patient came to; a reason is no place."""
_VISITS = (
    r"(?:an? |the |my |her |his |their )?(?:(?:routine|annual|regular|yearly|general|scheduled|initial|full"
    r"|continued|total"
    r"|planned|well|second|further|repeat|prenatal|antenatal|postpartum|postoperative|medication|blood|eye|skin"
    r"|school|sports"
    r"|health|preventive|body|full-body|well-child|well-baby|acne) )*"
    r"(?:skin |body |physical |medication |hearing |eye )?(?:examination|exam|check-?ups?|check|follow-?ups?|visit"
    r"|therapy"
    r"|treatment|evaluation|management|vaccinations?|screening|physical|refills?|appointment|consultation|opinion"
    r"|review"
    r"|well-check|removal|surgery|clearance|assessment)\b"
)
_HERE = re.compile(
    r"\b(?P<before>^|and |and now |, )I (?:also )?(?:have|present|am presenting|presented|come|came|am seen|was seen)"
    rf"(?: (?:to|at|in) {_PLACED}{{1,50}}?)?? ?(?P<why>(?:with|for|to) )?(?=(?P<visit>{_VISITS}))",
    re.IGNORECASE,
)
_CONCERNED = re.compile(
    rf"\bI (?:present|presented|am presenting|come|came)(?: (?:to|at) {_PLACED}{{1,50}}?)?(?:, )? ?(?=(?:who is "
    r")?(?:concerned|worried|seeking|complaining)\b)",
    re.IGNORECASE,
)
_TO_DO = re.compile(
    r"\bI present(?:ed)?(?: (?:to|at) (?:the|a|our|my) [^.,;]{1,40}?)? to (?!(?:the|an?|our|my|his|her)\b)(?=\w)",
    re.IGNORECASE,
)
_PRESENTS = re.compile(
    rf"^(?:I\s+)?(?:present|presented|presenting|presents|come|came)(?: (?:to|at) {_PLACED}{{1,60}}?)??"
    r"(?: (?:with|for) (?:complaints? of|evaluation of|concerns? (?:about|regarding)|a complaint of)| with| for)\s+",
    re.IGNORECASE,
)
_NOW = re.compile(r", and I present(?:ed)?(?: (?:to|at) [^,.;]{1,40}?)? with ")
_PRESENT = re.compile(
    rf"^I (?P<also>also )?(?:present|presented|am presenting)(?: (?:to|at) {_PLACED}{{1,60}}?)?? "
    r"(?:with|for|because of) ",
    re.IGNORECASE,
)
_PRESENT_WITH = re.compile(
    r",? (?:and )?(?:(?:now )?I )?(?P<adverb>also )?(?<!\bnot )(?:presents|presenting|presented|present)(?: (?:to|at) "
    r"[^,.;]{1,40}?)? with (?=\w)"
)
_GRAMMAR = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (r"^on (?:further |additional )?(?:review|questioning|history)(?: of systems)?, ", ""),
        (r"^(?:up)?on (?:further|additional) (?:questioning|review|history),? ", ""),
        (r"^when (?:questioned|asked)(?: \w+)?, ", ""),
        (r"^(?:additional|further) (?:questioning|history) (?:reveals?|revealed) ", "I report "),
        (
            r"^(?:the |a |my )?(?:full |complete )?review of (?:other )?systems (?:is|was) (?:otherwise )?negative "
            r"for ",
            "I have had no ",
        ),
        (
            r"^(?:the |a |my )?(?:full |complete )?review of systems (?:is|was) (?:positive|significant|notable) for ",
            "I have ",
        ),
        (
            r"^(?:other|associated|additional|recent|accompanying|additional recent) symptoms (?:include|included"
            r"|are|were) ",
            "I also have ",
        ),
        (r"^(?:the )?pertinent (?:positives|negatives) (?:include|are) ", "I have "),
        (r"(?:\bthe |\bmy |\b)family history (?:is|was) negative for ", "there is no family history of "),
        (
            r"(?:\bthe |\bmy |\b)family history (?:is|was) (?:positive|significant|notable) for ",
            "there is a family history of ",
        ),
        (r"^(?:the |my )?family history (?:includes?|included) (my \w+)(?: who)? (?=had|has|died|was|is)", r"\1 "),
        (
            r"^(?:the |my )?family history (?:includes?|included|is notable for|notable for|significant for) "
            r"(?!older|younger|my |his |her )",
            "in my family there is ",
        ),
        (
            r"^(?:the |my )?two[- ]year treatment history (?:includes|included) ",
            "in the last two years I have been treated with ",
        ),
        (
            r"^(?:the |my )?(?P<n>\w+)[- ](?P<unit>day|week|month|year) treatment history (?:includes|included) ",
            r"for \g<n> \g<unit>s I have been treated with ",
        ),
        (r"^(?:the |my )?treatment history (?:includes|included) ", "I have been treated with "),
        (
            r"^(?:the |my )?(?:past )?(?:medical |surgical )+history (?:includes|included|(?:is|was) (?:significant"
            r"|notable|remarkable) for) ",
            "I have a history of ",
        ),
        (r"^my (?:social|sexual|travel) history (?:includes|(?:is|was) (?:significant|notable) for) ", "I have had "),
        (r"^I had been born\b", "I was born"),
        (
            r"^(?:the )?(?=(?:past |prior )?(?:medical|surgical|family|social|birth)(?: and \w+)? history (?:is|was"
            r"|are)\b)",
            "my ",
        ),
        (
            r"^(?:I have a history of )?menarche at (\d+) years(?: of age)?, (?=regular (?:menses|periods|cycles))",
            r"my first period was at \1, and I have ",
        ),
        (r"\bI have ([^,;]{3,60}) and (?=on (?!the|my|both|a\b|an\b)\w+)", r"I have \1 and am "),
        (r"\bI have (?=(?:over |about |almost |nearly )?\d{1,3} years old\b)", "I am "),
        (r" (?:has been |have been |was |were |is |are )?(?:reported|noted|mentioned|documented)$", ""),
        (r"\bno (?:reported|documented|noted) (?=\w)", "no "),
        (r"\bI have with (?!no\b)", "I have "),
        (r"(?<=; )(?:an? )?(?=\d+-year history of )", "I have a "),
        (
            r", with an? (?P<n>\w+)-(?P<unit>week|month|year) (?:medical )?history$",
            r", and I have had this for \g<n> \g<unit>s",
        ),
        (r"\band reports that\b", "and says that"),
        (r"^I have (?:an )?episode of\b", "I had an episode of"),
        (r"\bI have (?=(?:several|multiple|recurrent|frequent|repeated|two|three|\d+) episodes\b)", "I have had "),
        (
            r"^I (?:have|had) (?:the )?(?:appearance|onset|development|formation|emergence) of "
            r"(?P<what>[^,.;]{3,50}?) (?P<when>(?:\d+|\w+) (?:days?|weeks?|months?|hours?|years?) ago)\b",
            r"I got \g<what> \g<when>",
        ),
        (r"\bI have (?:the )?(?:consumption|intake) of ", "I had "),
        (r"\bI have (?:a )?recent return from ", "I recently returned from "),
        (r"\bI (?:also )?have (?:the |an? )?sudden onset of ", "I suddenly got "),
        (r"\bI (?:also )?have (?:the |an? )?immediate onset of ", "I immediately got "),
        (r"\bI (?:also )?have (?:the |an? )?gradual onset of ", "I gradually got "),
        (r"\b(?:a |the )?chief complaint (?:is|was|of) ", "I have "),
        (r"\bI have (?:a |the )?I have ", "I have "),
        (r"\bI first noted\b", "I first noticed"),
        (r"\b(first|initially|recently|never|not|had|have|also) note(?:d)? (?!that\b|in\b|on\b|to\b)", r"\1 noticed "),
        (r"\bnoticed seeing\b", "saw"),
        (r"\b(I|was first|were first|was|were) noted (?!to\b|in\b|on\b)", r"\1 noticed "),
        (r"\bI also reveal that\b", "also,"),
        (r"\bprior to (?:initial )?presentation\b", "before I came here"),
        (r"\bthe (?:time of )?initial presentation\b", "the beginning"),
        (r"\bprior to\b", "before"),
        (r"\b(\d+|one|two|three|several|few) (days?|weeks?|months?|years?) prior\b", r"\1 \2 ago"),
        (r"\bI am (brought|referred|admitted|seen|presented|transferred)\b", r"I was \1"),
        (r"\bI have been brought\b", "I was brought"),
        (r"\bI was (?:brought in|seen|referred|presented) (?:with|due to|because of) (?!a \d+[- ])", "I have "),
        (r"\bI was (?:brought|referred|admitted|seen) ([^,.;]{1,60}? )?presenting with ", r"I was brought \1with "),
        (r"\bfor the evaluation of\b|\bfor evaluation(?: and management)? of\b", "because of"),
        (r"\bdue to\b", "because of"),
        (r"^I describe (?P<what>[^.,;]{2,50}?) as (?P<how>.+?) and mentions? ", r"\g<what> is \g<how>, and I have "),
        (r"^I describe (?P<what>[^.,;]{2,50}?) as (?P<how>.+)$", r"\g<what> is \g<how>"),
        (r"\bwho (?:reports|reported|states|stated|notes|noted) that\b", "who said that"),
        (r"\band describe (?P<what>it|them|the pain|this) as ", r"and \g<what> is "),
        (
            r"^Concerned (about|that|for) ([^,]{2,80}), I (?:report|state|note)(?: that)? ",
            r"I am concerned \1 \2, and ",
        ),
        (r"^Concerned (about|that|for) ([^,]{2,80}), I ", r"I am concerned \1 \2, and I "),
        (r"\bI (?:also )?cite (.+?) as (?:a|the) (?:possible|likely|probable) cause$", r"\1 may be the cause"),
        (r"\bI (?:have|was) (?:presented|present) (?:by|with) my (mother|father|parents)\b", r"I was brought by my \1"),
    )
)
_NOTED = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (
            r"^(?:the patient |I )?(?:have |has )?no (?:[\w/]+ ){0,4}(?:history|information|details|records?)"
            r"(?: (?:is|was|were))?(?: (?:provided|available|given|recorded|reported|documented|obtained))?; (?=\w)",
            "",
        ),
        (
            r" \((?:[^()]* )?(?:noted|notes|documented|recorded|unspecified|unknown|not (?:specified|known|stated)"
            r"|as above|see (?:above|below))\b[^()]*\)",
            "",
        ),
        (r"\bexcept noted (?=\w)", "except for "),
        (r"\bno reports of (?=\w)", "no "),
        (r"\bthere(?:'s| is) noted (?=\w)", "there is "),
        (r", saying (?:that )?(?=(?:it|my|I)\b)", ", and "),
        (r"^I and (my \w+) (?:also )?(?:deny|denies|denied) (?:having )?(?:any |an? )?", r"\1 and I have had no "),
        (r"^I and (my \w+) (?:also )?(?:reports?|states?|say)(?: that)? (?=(?:they|the|it|my|I|there)\b)", ""),
        (r"^I and (my \w+) (?:also )?(?:report|reports|reported) (?!\w+ing\b)", r"\1 and I have "),
        (r"\bbut the (?:specific|exact) (\w+) (?:is|are|was|were) (?:unknown|unclear|not known)$",
         r"but I do not know which \1"),
        (
            r", (?:reporting|complaining of|describing|endorsing|mentioning|noting) "
            r"(?!that\b|\w+ing\b|how\b|the\b|it\b)",
            ", with ",
        ),
        (r", (?:reporting|stating|mentioning|noting|adding) that (?=(?:it|they|the|my|I|this|these|there)\b)",
         ", and "),
        (r", denying (?:any |an? )?", ", with no "),
        (
            r"\bI am (?P<who>an? [^,.;]{3,80}?) who (?=(?:reports?|reported|complains? of|complained of|presents? with"
            r"|presented with|states? that|stated that|den(?:y|ies|ied))\b)",
            r"I am \g<who> and I ",
        ),
    )
)  # fmt: skip
"""The language of notes inside a sentence → plain speech."""
_DENY = re.compile(
    r"\b(?P<no>I have had no )(?:a |an |any )?(?P<doing>\w+ing)\b(?! (?:of|pain|sensation|urination))", re.IGNORECASE
)
_NO_HAVE = re.compile(r"\bI have had no ((?:\w+ )?(?:history|idea|knowledge|allerg\w+|surger\w+)\b)", re.IGNORECASE)
_MORE_DENIED = re.compile(
    r"[,;] (?:and )?(?:denies|denied|deny) (?:having |experiencing )?(?:any |an? )?", re.IGNORECASE
)
_AND_DENY = re.compile(
    r"\b(and|but) (?:I )?(?:also )?(?:deny|denies|denied) (?:having |experiencing )?(?:any |an? )?", re.IGNORECASE
)
_MORE_ITEMS = re.compile(r"\bI have had no (?:(?! but | and I |; ).)*? or (?:an?|any) (?:(?! but | and I |[,;]).)*")
"""Matches a list of what is denied, whose later names have articles."""
_RELATIVE = (
    r"(?:mother|father|mom|mum|dad|parents?|wife|husband|partner|sister|brother|daughter|son|caregivers?"
    r"|guardian|family(?: members?)?|roommates?|teacher|friends?|boyfriend|girlfriend|grandmother"
    r"|grandfather|aunt|uncle)"
)
_THEY_SAY = re.compile(
    rf"\b(?P<who>my {_RELATIVE}|(?:the|my) (?:family|teacher|roommates?))(?P<adverb> also)? "
    r"(?P<verb>reports?|notes?|noted|reported|states?|stated|mentions?|mentioned|indicates?|describes|adds?|denies"
    r"|deny|denied"
    r"|endorses?|recalls?|recalled)(?P<that> that)? (?P<doing>[a-z]+ing )?(?P<no>(?:no|any|a) )?",
    re.IGNORECASE,
)


def plainly(clause: str) -> str:
    """Return a clause in the first person without a doctor's verbs of reporting."""
    said = clause
    for pattern, words in _NOTED:
        said = pattern.sub(words, said)
    for pattern, words in _GRAMMAR[:10]:
        said = pattern.sub(words, said)
    said = _CONCERNED.sub(lambda found: "I am ", said)
    said = _HERE.sub(_here, said)
    said = _TO_DO.sub("I am here to ", said)
    said = _NOW.sub(", and now I have ", _PRESENTS.sub("I have ", said, count=1))
    said = _present_with(said)
    said = _MORE_DENIED.sub(", and I have had no ", _AND_DENY.sub(r"\1 I have had no ", said))
    said = _THEY_SAY.sub(_they_say, said)
    said = _REPORTS_NO.sub(_has_not, said)
    for pattern, words in _GRAMMAR:
        said = pattern.sub(words, said)
    for _ in range(2):
        said = _REPORTS.sub(_reported, said)
    said = _DENY.sub(_denied, said)
    if re.search(r"\bI have had no\b", said):
        said = re.sub(r",? and any ", " or ", re.sub(r", any ", ", ", said))
        said = _MORE_ITEMS.sub(_without_articles, said)
    if re.search(r"\bI have not \w+ed\b", said):
        said = re.sub(r" and any (?=[\w ]*(?:symptoms?|fever|pain|trauma)\b)", ", and I have had no ", said)
    said = re.sub(r"\b(I have not smoked .*\w) use$", r"\1", said)
    said = _NO_HAVE.sub(r"I have no \1", said)
    return _times(said).strip()


def _without_articles(denied: re.Match[str]) -> str:
    """Let "no" stand before all names of a list."""
    return re.sub(r"(, or |, | or )an? (?!few\b|lot\b)", r"\1", denied.group())


def _has_not(found: re.Match[str]) -> str:
    return f"{found.group(1)} {'have not had' if found.group(2).lower() == 'did' else 'do not have'} "


def _times(said: str) -> str:
    said = _LONG.sub(lambda long: f"for a {long['unit'].lower()} I have had ", said)
    said = _HISTORY.sub(lambda found: f"{_for(found['n'], found['unit'])} I have had ", said)
    said = _WHOLE_HISTORY.sub(
        lambda found: f"I have had this {_for(found['n'] or found['n2'], found['unit'] or found['unit2'])}", said
    )
    said = _TIMES_OF.sub(lambda found: f"{_for(found['n'], found['unit'])} I have had ", said)
    said = re.sub(
        r"\bI have had (?:an? )?feeling (?=\w+ly |sad|tired|weak|sick|unwell|dizzy|anxious|hot|cold)",
        "I have been feeling ",
        said,
    )
    said = re.sub(r"\bI have had (?=(?:smoking|drinking|taking|using|working|living) )", "I have been ", said)
    said = re.sub(r"^(for .* I have had .*) and seeing ", r"\1 and have been seeing ", said)
    said = _WITH_HISTORY.sub(lambda found: f"{found['with']} {found['what']} {_for(found['n'], found['unit'])}", said)
    said = re.sub(
        r"\bI have a history of (?:the |this )(disease|condition|problem|illness|rash) (?=for )",
        r"I have had the \1 ",
        said,
    )
    return _HAD_FOR.sub("I have had ", said)


def _for(number: str, unit: str) -> str:
    number = number.lower()
    one = number in ("1", "one", "a", "an")
    several = "a few" if number == "few" else number
    return f"for {several} {unit.lower()}{'' if one else 's'}"


def _here(found: re.Match[str]) -> str:
    why = (found["why"] or "for ").lower()
    if why == "with " and not re.match(r"(?:an? )?(?:follow|routine|annual|exam)", found["visit"], re.IGNORECASE):
        return found.group()
    if why == "for " and found.group().rstrip().endswith("have") and not re.search(
        r"\b(?:examination|exam|check-?up|follow-?up|visit|well-check|evaluation|appointment|consultation|screening"
        r"|continued)\b",
        found["visit"], re.IGNORECASE,
    ):  # fmt: skip
        return found.group()
    return f"{found['before']}I am here {'for' if why == 'with ' else why.strip()} "


def _present_with(said: str) -> str:
    said = _PRESENT.sub(lambda found: f"I {found['also'] or ''}have ", said)
    said = re.sub(r"\bthe (\w+) I present with$", r"the \1 I have", said)
    if not re.search(r"\bI\b", said):
        return said
    return _PRESENT_WITH.sub(lambda found: f", and now I {found['adverb'] or ''}have ", said)


def _they_say(found: re.Match[str]) -> str:
    who, verb, rest = found["who"], found["verb"].lower(), found.string[found.end() :]
    many = re.search(r"parents|roommates|caregivers|friends|members", who) is not None
    says = f"{who}{found['adverb'] or ''} {'say' if many else 'says'} "
    doing, no = found["doing"] or "", found["no"] or ""
    if verb.startswith("den"):
        return (
            f"{says}that {'there is' if rest.startswith('family') else 'I have'} no "
            f"{'' if no.strip() in ('any', 'a') else no}{doing}"
        )
    if verb.startswith(("describe", "recall")):
        return found.group()
    if (
        found["that"]
        or _CLAUSE.match(no + doing + rest)
        or re.match(r"(?:he|she|his|her|my|the|it|I)\b", no + doing + rest)
    ):
        return f"{says}that {doing}{no}"
    if doing and doing.strip() not in _NOUNS:
        return f"{who}{found['adverb'] or ''} {_past(doing.strip())} {no}"
    return f"{says}that {'there is' if rest.startswith('family') else 'I have'} {no}{doing}"


def _reported(found: re.Match[str]) -> str:
    """Return what replaces a doctor's verb, from what follows it."""
    rest = found.string[found.end() :]
    before, adverb, how = found["before"], found["adverb"] or "", found["how"] or ""
    if adverb.strip() in ("do", "did", "can") or (found["subject"] is None and not _said_by_me(found)):
        return found.group()
    subject, doing, verb = found["subject"] or "", found["doing"] or "", found["verb"].lower()
    if found["that"] or _CLAUSE.match(how + doing + rest):
        kept = "also " if adverb.strip() == "also" and before.strip() in ("and", "but") else ""
        return f"{before}{kept}{found['not'] or ''}{how}{doing}" if not before.endswith("which ") else found.group()
    if (
        verb in ("note", "say", "claim", "indicate", "complain")
        and not doing
        and re.match(r"(?:in|on|to|of|how|when|what|it|that|so)\b", rest)
    ):
        return found.group()
    adverb = "" if adverb.strip() in ("currently", "then") else adverb
    if not doing:
        past = re.fullmatch(_PAST_VERBS, verb)
        return f"{before}{subject}{adverb}{'had' if past else 'have'} {found['not'] or ''}{how}"
    own = f"{before}{subject or 'I '}{adverb}"
    return own + _did(doing.lower(), how, found["not"] or "", rest)


def _did(doing: str, how: str, negated: str, rest: str) -> str:
    if doing == "having":
        done = re.match(r" (?:had|been|\w+ed|not)\b", rest)
        return f"have {negated}{how}".rstrip() if done else f"have {negated}{how}had"
    if doing == "being":
        return f"{'was' if re.match(r' [a-z]+ed ', rest) and _AGO.search(rest) else 'am'} {negated}{how}".rstrip()
    if doing == "feeling" and re.match(r" (?!of\b)", rest):
        return f"{negated}{how}{'felt' if _AGO.search(rest) else 'feel'}"
    if doing in _NOUNS:
        return f"have {negated}{how}{doing}"
    if doing in _HABITUAL and _USUAL.search(rest) and not negated:
        return f"{how}{_HABITUAL[doing]}"
    if _AGO.search(rest) and not negated:
        return f"{how}{_past(doing)}"
    return f"have {negated}{how}{_past(doing, participle=True)}"


def _said_by_me(found: re.Match[str]) -> bool:
    """Return whether the verb without a subject continues a clause of the patient's, and is in the base form."""
    return (
        found["before"].strip() in ("and", "but")
        and re.search(r"\b(?:I|me|my)\b", found.string[: found.start()]) is not None
    )


def _denied(found: re.Match[str]) -> str:
    doing = found["doing"].lower()
    return found.group() if doing in _NOUNS else f"I have not {_past(doing, participle=True)}"


def _past(doing: str, *, participle: bool = False) -> str:
    """Return the past tense of a verb in -ing."""
    if doing in _PARTICIPLES:
        return _PARTICIPLES[doing][participle]
    stem = doing[:-3]
    if stem.endswith("y") and len(stem) > 2 and stem[-2] not in "aeiou":
        return f"{stem[:-1]}ied"
    return f"{stem}ed"
