"""Correct clauses after rewording: articles, agreement, denials without a verb."""

from __future__ import annotations

import re
from collections.abc import Callable

from consult.scenarios.importing.entries import HABITS
from consult.scenarios.importing.fragments import with_verbs

_ADVERBS = (
    r"(?:(?:\w+ly|also|otherwise|instead|never|still|often|sometimes|always|usually|now|then|first|just"
    r"|seldom|once|soon|even|no longer) )"
)
_VERBS = (
    rf"(?:(?:has|does|is|was)n't|{HABITS}|admits|appears|asks|chooses|does|has|is|looks|nicks|notes|recalls"
    rf"|reports|says|states)"
)
_AFTER_I = re.compile(rf"\bI (?P<adverbs>{_ADVERBS}{{0,2}})(?P<verb>is|has|does|{_VERBS})\b(?!-)")
_CONTINUED = re.compile(
    rf"(?P<and> (?:and|but|or|nor)|,) (?P<adverbs>{_ADVERBS}{{0,2}})(?P<verb>{_VERBS})\b(?! of\b|-)"
)
_OF_I = re.compile(r"(?:^|, |\bthat |\band |\bwhere |\bwhen |\bbut |; )I\b(?P<said>[^;]*)$")
_ANOTHER = re.compile(r"\b(?:who|which|that (?:was|were|is|are|has|have|had)|it|my \w+ (?:is|has|says|was))\b")
"""Matches another subject than the patient between "I" and a verb."""
_THAT_DOES = re.compile(
    r"\bthat (?!this\b|his\b|its\b|was\b)(?:\w+ly |also |first )?(?:began|came|grew|got|went|arose|\w+ed|\w+s)\b"
)
_GOES_ON = re.compile(
    r"(?:has|is|was) (?:\w+ly |also |since |now )*(?:been |become )?(?:\w+ly |more |very )*(?:worse(?:n|ning|ned)?"
    r"|grow\w*|spread\w*|increas\w+|enlarg\w+|progress\w+|chang\w+|persist\w+|improv\w+|getting|present|there|constant"
    r"|intermittent|painful|itchy|larger|bigger|redder|darker)\b"
)
"""Matches what an illness does, and no patient."""
_IRREGULAR = {
    "hasn't": "haven't",
    "doesn't": "don't",
    "isn't": "am not",
    "wasn't": "wasn't",
    "has": "have",
    "is": "am",
    "does": "do",
    "was": "was",
    "goes": "go",
}
_AGE = re.compile(r"\bI have (?P<more>(?:over |about |almost |nearly )?\d{1,3} years old)\b")
_BARE_AGE = re.compile(r"^(?=\d{1,3} years old\b)", re.IGNORECASE)
_COUNTED = (
    r"rash|headache|fever|cough|lump|mass|bump|lesion|sore|blister|spot|patch|nodule|papule|mole|wound|ulcer"
    r"|swelling in|cyst"
    r"|growth|eruption|eye|knee|throat|nose|stomach|tongue|limp|tremor|seizure|fall|episode|sensation|feeling|cold"
    r"|tumou?r|history|stroke"
    r"|discoloration|discharge|burn|bite|injury|bruise|wart|boil|lump|deformity|stay|gait|infection|attack|fracture"
    r"|patch|smear|murmur|pregnancy"
    r"|delivery|reaction|need|craving|increase|decrease|change|loss of \w+|runny nose|appetite|taste|voice|hernia"
    r"|sibling|job|abdomen|belly|\w+ectomy|\w+plasty|bypass"
)
_ARTICLE = re.compile(
    rf"\b(?P<have>I (?:also )?(?:have had|have|had|noticed|developed|complain of)) (?P<words>(?:(?!(?:a|an|the|my|no"
    rf"|some|any|two|three|four|one"
    rf"|several|many|multiple|few|both|all|this|that|these|not|been|increasingly? \w+|his|her|their|had|occasional"
    rf"|with|in|on|of|and|or|to|for|from"
    rf"|episodes|pain|itching|swelling|nausea|vomiting|problems|frequent|recurrent episodes|experienced|noticed"
    rf"|taken|tried|developed|started|suffered|gained|lost|observed|acquired|received|failed|missed|stopped"
    rf"|completed|abstained|attempted|underwent|fatigue|weakness|diarrhea|malaise|discomfort|numbness|irritability"
    rf"|loss|redness|stabbing|shooting|trouble|difficulty|shortness|blood|hair|muscle|abnormal)\b)[\w'-]+,? ){{0,4}}?)"
    rf"(?P<noun>(?:{_COUNTED})\b)(?= (?:of|on|in|with|without|for|over|at|to|that|which|and|or|since|from|all"
    rf"|involving|under|around|near|after|during|when|every"
    r"|below|above|behind|lasting|today|this|last|by|affecting|not|but|before|between|while|caused|following"
    r"|accompanied|radiating|localized|across|along)\b|[,.;]|$)"
)
_DENIED = re.compile(r"^(?P<no>no|without|nil) (?P<what>(?!one\b|longer\b|matter\b|doubt\b)\w.*)$", re.IGNORECASE)
_PAST_DENIED = re.compile(
    r"\b(?:recent|episodes?|exposures?|contacts?|trauma|injur\w+|changes?|travels?|prior|previous|falls"
    r"|hospitali[sz]ations?|vomiting|bleeding|relief|improvement|head injury)\b",
    re.I,
)
_USE = re.compile(
    r"^(?:I have )?(?:had )?no (?:use of |history of use of )?(?P<what>(?:(?:known|significant|reported|illicit"
    r"|recreational|any|history of|or|and|alcohol|tobacco|drug|substance|marijuana|cigarette|e-cigarette),? "
    r"?)+?)(?:(?<=drug)|(?<=alcohol)|(?<=tobacco)|(?<=substance)) use(?P<rest> in the family)?$",
    re.IGNORECASE,
)
_EACH_USE = re.compile(r"(?:(?<=tobacco|alcohol)|(?<=drug)) use(?= (?:or|and) \w+ use\b)", re.IGNORECASE)
"""Matches "use" after a name in a list whose last name has it, too."""
_USE_OF = re.compile(r"^(?:I have )?(?:had )?no use of (?=(?:tobacco|alcohol|drugs|illicit|cigarettes))", re.IGNORECASE)
_FINITE = re.compile(
    r"\b(?:am|is|are|was|were|has|have|had|do|does|did|can|could|will|would|may|might|must|should)\b|n't\b|'(?:s|re"
    r"|ve|m)\b",
    re.IGNORECASE,
)
_PLAIN_WORD = r"(?:(?!\b(?:that|which|who|since|until|and|but|began|started|was|were|is|are|before|after)\b)[^.;,])"
_PLAIN = rf"{_PLAIN_WORD}+?"
"""Matches words among which is no second clause."""
_SPAN = (
    r"(?:the (?:last|past) )?(?:an?|\d+|one|two|three|four|five|six|seven|eight|ten|several|a few)"
    r" (?:\w+ )?(?:day|week|month|year|hour)s?"
)
_DONE = (
    r"(?:been|had|seen|lost|taken|gone|got|gotten|found|felt|made|given|bought|grown|begun|come|done|eaten|drunk|known"
    r"|kept|left|met|put|read|sent|spent|told|worn|become|fallen|broken|cut|hit|hurt|quit|to)\b"
)
"""Matches what somebody has done, after "have"."""
_EVENT = (
    r"fall|surgery|operation|procedure|injury|accident|episode|visit|bite|seizure|stroke|delivery|trip|attack|biopsy"
    r"|vaccination|transplant|\w+ectomy"
)


def _have_done(found: re.Match[str]) -> str:
    """Return "I have smoked" for "I smoke"."""
    verb = found.group().split()[1]
    done = {"drink": "drunk", "take": "taken"}.get(verb, f"{verb.removesuffix('e')}ed")
    return f"I have {done} "


_NOUN_FORMS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in (
        (r"^I have (?:the )?(?:presence|appearance) of ", "I have "),
        (r"^I have (?:an? )?inability to ", "I cannot "),
        (r"^I have (?:an? )?(?:refusal|unwillingness) to ", "I refuse to "),
        (r"^I have (?:an? )?reluctance to ", "I am reluctant to "),
        (r"^I have (?:the )?ability to ", "I can "),
        (r"^I have (?:the )?use of ", "I use "),
        (r"^I have (?:the )?ingestion of ", "I took "),
        (
            r"^I have (?:an? )?(?:exacerbation|worsening|aggravation)(?: of (?:the )?(?:symptoms|pain|condition))? "
            r"(?=(?:during|with|when|while|after|on|at|in)\b)",
            "it gets worse ",
        ),
        (
            r"^I have (?:some |an? )?(?:relief|improvement|alleviation)(?: of (?:the )?(?:symptoms|pain))? "
            r"(?=(?:during|with|when|while|after|on|at|in|by|from)\b(?! mood| delusions))",
            "it gets better ",
        ),
        (r"^I have worse (?=in|with|at|during|after|when)", "it is worse "),
        (
            r"^I have (?:a |the )?(?:sudden )?onset of (?P<what>[^,.;]{3,50}?) (?=(?:while|after|during|when"
            r"|yesterday|today|last|\d+ \w+ ago)\b)",
            r"I suddenly got \g<what> ",
        ),
        (r"^I have (?:a |the )?sudden onset$", "it began suddenly"),
        (r"^I have (?:a |the )?sudden onset of ", "I suddenly got "),
        (r"^I have (?:previous|prior|past) (?=\w+ (?:delivery|surgery|operation))", "I have had a "),
        (r"^I have (?:a )?(?:recollection|memory) of ", "I remember "),
        (
            r"^I have (?:a )?(?:concern|worry) (?:over|about|regarding) (?:the )?sudden onset$",
            "I am worried about how suddenly it began",
        ),
        (r"^I have (?:a )?(?:concern|worry) (?:over|about|regarding) ", "I am worried about "),
        (r"^I have (?:a )?family history of ", "there is a family history of "),
        (r"^I have familial history of ", "there is a family history of "),
        (r"^I have (?:an? )?(?:increased|increase in) frequency of urination", "I have to pass urine more often"),
        (r"^I have (?:an? )?failure to (?=pass|eat|feed|sleep|walk|speak|respond)(?!pass auditory)", "I do not "),
        (r"^I have decreased feeding$", "I feed less than before"),
        (
            r"^I have (pacing|limping|grunting|yelling|crying|snoring|drooling|fidgeting|stuttering|wandering"
            r"|bed-?wetting)\b",
            r"I have been \1",
        ),
        (
            r"^I have (breaking|choking|talking|walking|repeating|hitting|biting|seeing|hearing) (?!loss|problem"
            r"|difficult|aid)([^,]*)$",
            r"I have been \1 \2",
        ),
        (r"^I have enrolled\b", "I am enrolled"),
        (
            r"^I cannot (?P<what>[^,]{3,60}?)(?:,| and) (?=persistent|constant|frequent|occasional)",
            r"I cannot \g<what>, and I have a ",
        ),
        (r"^I have not (?=painful|itchy|tender|sore|swollen)", "it is not "),
        (
            r"^(?:I have )?(?:no longer|not) (?=(?:painful|itchy|tender|sore|swollen|bothersome|raised|contagious)\b)",
            "it is not ",
        ),
        (
            r"^(mildly|very|slightly|extremely) (?=(?:painful|itchy|tender|sore|swollen|bothersome|raised"
            r"|contagious)\b)",
            r"it is \1 ",
        ),
        (r"^I have no significant (?:alcohol|tobacco)", r"I have no significant use of alcohol"),
        (r"^I have (?:the )?(?:consumption|intake) of ", "I had "),
        (r"^(?:my )?recent behaviou?r (?:includes|included) (?=\w+ing\b)", "recently I have been "),
        (
            rf"\bI (?:have |had )?(?:found|noticed|discovered|observed|developed) (?P<what>{_PLAIN}) (?=for {_SPAN})",
            r"I have had \g<what> ",
        ),
        (
            rf"\bI have (?P<did>found|noticed|discovered|observed|developed|received|experienced|visited|had) "
            rf"(?P<what>{_PLAIN}) (?=(?:about )?{_SPAN} (?:ago|earlier)\b)",
            r"I \g<did> \g<what> ",
        ),
        (
            rf"^I have (?P<what>(?!{_DONE}|a history\b|\w+ed\b)(?:(?!\w+ed\b|history\b){_PLAIN_WORD})+?) "
            rf"(?=(?:about )?{_SPAN} ago\b)",
            r"I got \g<what> ",
        ),
        (rf"^I got (?=(?:\w+ ){{0,3}}?(?:{_EVENT})\b)", "I had "),
        (r"^I have (?:the |an? )?immediate onset of ", "I immediately got "),
        (r"^I have (?:an? )?recent return from ", "I recently returned from "),
        (
            rf"\bI (?:smoke|use|consume|drink|take) (?=[^.;,]*\b(?:for {_SPAN}|since I was|since (?:19|20)\d\d)\b)",
            _have_done,
        ),
    )
)
"""A noun that stands for what the patient does or feels → a sentence with a verb."""


def whole(clause: str) -> str:
    """Return the clause as a whole sentence of the patient's, where a rule knows how."""
    said = re.sub(
        r"^my (?:Past|Prior|Medical|Family|Social|Surgical|Birth)\b", lambda words: words.group().lower(), clause
    )
    said = _BARE_AGE.sub("I am ", _AGE.sub(r"I am \g<more>", said))
    said = _denied(said)
    for pattern, words in _NOUN_FORMS:
        said = pattern.sub(words, said)
    said = with_verbs(agreed(_with_quotes(said)), _denied)
    said = re.sub(r"^I and (my \w+)\b", r"\1 and I", re.sub(r"\bnor appear (?=\w+ bothered)", "nor am I ", said))
    return _ARTICLE.sub(_with_article, said)


def agreed(clause: str) -> str:
    """Return the clause with the verbs after "I" in the first person."""
    return _continued(_AFTER_I.sub(lambda found: f"I {found['adverbs']}{_first(found['verb'])}", clause))


def _with_quotes(said: str) -> str:
    """Remove an unpaired quotation mark."""
    if said.count('"') == 1:
        said = said.replace('"', "")
    return re.sub(r"(?<=\s)'(?=\w)", "", said) if not re.search(r"\w[.,?!]?'(?!\w)", said) else said


def _denied(said: str) -> str:
    said = _EACH_USE.sub("", said) if said.lower().startswith(("no ", "i have no ")) else said
    found = _DENIED.match(said)
    if found is None:
        return _USE.sub(_uses_no, said)
    what = found["what"]
    verb = _FINITE.search(what)
    if verb is not None:
        return said
    if (later := re.match(r"(?P<what>[^,]{3,40}), (?=(?:occurs|appears|comes|happens|gets)\b)", what)) is not None:
        return f"I have no {later['what']}, and it {what[later.end() :]}"
    if re.search(r"\b(?:occurs|appears|comes|happens|gets|works|helps|relieves|runs)\b", what):
        return said
    if _USE_OF.match(said):
        return f"I do not use {_USE_OF.sub('', said)}"
    if (use := _USE.match(said)) is not None:
        return _uses_no(use)
    return f"I have {'had ' if _PAST_DENIED.search(what) else ''}no {what}"


def _uses_no(found: re.Match[str]) -> str:
    what = re.sub(r"\b(?:known|reported|significant|any|history of) ", "", found["what"])
    drugs = re.sub(r"drug(?!s)|substance", "drugs", what)
    if found["rest"]:
        known = "as far as I know, " if "known" in found["what"].lower() else ""
        return f"{known}nobody in my family uses {drugs}"
    if "significant" in found["what"].lower():
        return f"I have no significant use of {drugs}"
    if "history of" in found["what"].lower():
        return f"I have never used {drugs.replace(' and ', ' or ')}"
    return f"I do not use {drugs.replace(' and ', ' or ')}"


def _continued(said: str) -> str:
    """Make the verbs that continue "I …" agree with it."""
    done = 0
    while (found := _CONTINUED.search(said, done)) is not None:
        done = found.end()
        before = _OF_I.search(said[: found.start()])
        if before is None or (
            before.group().startswith("when ") and not found.string[found.end() :].startswith((" it", " them"))
        ):
            continue
        another = _ANOTHER.search(before["said"]) is not None and found["and"] != " nor"
        if another or _goes_on(before["said"], found):
            continue
        joined = " and" if found["and"] == "," else found["and"]
        agreeing = f"{joined} {found['adverbs']}{_first(found['verb'])}"
        done = found.start() + len(agreeing)
        said = f"{said[: found.start()]}{agreeing}{said[found.end() :]}"
    return said


def _goes_on(said: str, verb: re.Match[str]) -> bool:
    """Return whether a verb tells how something "that started" goes on, and not what the patient does."""
    rest = verb.string[verb.start("verb") :]
    return _THAT_DOES.search(said) is not None and _GOES_ON.match(rest) is not None


def _first(verb: str) -> str:
    """Return the first person of a verb in the third."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb.endswith("ies"):
        return f"{verb[:-3]}y"
    return verb[:-2] if re.search(r"(?:sh|ch|x|ss|zz)es$", verb) else verb[:-1]


def _with_article(found: re.Match[str]) -> str:
    words = f"{found['words']}{found['noun']}"
    if found["words"] and found["words"].split()[0].rstrip(",").endswith("ing") and found["noun"] in ("eye", "knee"):
        return found.group()
    first = words.split()[0].lower()
    an = first[0] in "aeiou" and not first.startswith(("uni", "use", "euro", "one", "ulcerative c"))
    return f"{found['have']} {'an' if an else 'a'} {words}"
