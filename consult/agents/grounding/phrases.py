"""Phrases of patients that the check of claims knows, over normalised text."""

from __future__ import annotations

import re

WHETHER = re.compile(
    r"^\W*(?:and |so |well |ok |okay |now |, )*(?:do|does|did|is|are|was|were|has|have|had|any|anything|anyone"
    r"|can|could|will|would|what about|how about)\b"
    r"|\b(?:any|does it|do you|is it|are there|or)\b"
)
"""How a question begins that asks whether something is so."""
GIVEN = frozenset(["the", "your", "his", "her", "that", "this", "those", "these", "their"])
"""Words before what a question takes as known."""
UNSURE = re.compile(
    r"\b(?:not (?:\w+ )?(?:know|sure|certain|remember|recall|say|tell)|no (?:idea|clue)"
    r"|could not (?:\w+ )?(?:tell|say)|wish i knew"
    r"|hard to (?:say|tell)|who knows|dunno|not a clue|can not think|never (?:\w+ )?(?:noticed|checked|paid)"
    r"|no one has ever told me|nobody has ever told me)\b"
)
"""What says that the patient does not know."""
ANSWER = re.compile(
    r"^\W*(?:(?:oh|well|ah|um|er|hmm|honestly|to be honest|i am afraid|fortunately|unfortunately|luckily"
    r"|actually|thankfully|doctor)\b\W*)*"
    r"(?:(?P<no>no|nope|nah|never|none|not|nothing|nobody|neither|(?:i )?(?:do|have|am|can|did|was) not|it (?:is"
    r"|does|has|did) not|they (?:are|do|have) not|(?:he|she) (?:is|does|has|did) not)"
    r"|(?P<yes>yes|yeah|yep|aye|i (?:do|have|am|can|did|was)|it (?:is|does|has|did)|they (?:are|do|have)|(?:he"
    r"|she) (?:is|does|has|did)|both|all|definitely|certainly|of course|absolutely|indeed|always|every))\b"
)
"""How a short answer begins."""
OF_MINE = re.compile(r"\b(?:my|i have|i am|i had|i was|our|his|her|he has|she has|we have)\b(?! (?:worried|to))")
"""What makes a question one about the patient."""
TALK = re.compile(
    r"\b(?:insist|say|said|tell|told|think|thought|made|make|send|sent|brought|bring|drag|nag|worr|thank|wait"
    r"|drove|call|ask|kept|keep|push|persuad|convinc)"
)
"""What other people do that is not a claim: they tell the patient to come."""
IDIOMS = re.compile(
    r"\bgood (?:morning|afternoon|evening|night)\b|\bget well\b|\bbetter safe\b|\bfeel(?:ing)? (?:much |so "
    r"|a lot |a bit )?better (?:now|already|knowing|hearing|about)"
    r"|\b(?:sick|tired) of\b|\b(?:fear|imagin|think|expect)\w* the worst\b|\bsleep (?:better|easier|easily"
    r"|soundly) (?:now|tonight|knowing)\b"
    r"|\bbetter to (?:come|ask|get|have|know)\b|\bsick(?:er)? (?:folk|people)\b|\bwear(?:ing)? me (?:out|down)\b"
    r"|\bexhausted from worrying\b|\bpoor (?:lamb|thing|love|child|boy|girl|man)\b"
    r"|\bthis (?:morning|afternoon|evening)\b|\bone of the family\b|\btoo much stress\b|\bweight off\b"
    r"|\bfingers crossed\b|\bon the (?:one|other) hand\b|\bface it\b|\bby heart\b|\bfrom the bottom\b"
    r"|\blike a (?:\w+ )?(?:girl|boy|child|baby)\b|\bon (?:my|the) nerves\b|\bmy nerves\b|\bhope (?:it|this|that"
    r"|things)\b|\bworried sick\b|\bcatch(?:ing)? my breath\b|\bsigh of relief\b|\bin (?:good|safe) hands\b"
    r"|\bmy mind\b|\bheart out\b|\bbreathe (?:easier|a sigh)"
)
"""Phrases with words of the vocabulary that claim nothing."""
CIRCUMSTANCE = re.compile(
    r"\b(?:after|since|when|once|from|so (?:do|does|did|is|has|have|are)) (?:i|he|she|we|my|his|her|the|an?"
    r"|\w+ing)\b.*"
    r"|\b(?:worse|better|bad|comes?|flares?|itch\w*|hurts?) (?:in|at|when|after|with|on|during|every)\b.*"
)
"""When or why something happened."""
TREATED = re.compile(
    r"\b(?:tried|trying|using|applied|applying|rubbed|soaked|prescribed|bought|given (?:him|her|me)|gave (?:him|her|me)"
    r"|cut out|switched to) (?:(?:an?|the|some|my|his|her|out|any|with|in) )*(?P<what>\w+)"
)
"""What was done about a complaint."""
SUBJECT = re.compile(
    r"(?:my|the|his|her|our) .*?(?= (?:is|are|was|were|has|have|had|hurts?|itch(?:es)?|started|began|comes?|does"
    r"|do|can)\b)"
)
"""The subject of a fact."""
PRONOUN = re.compile(r"\b(?:it|they|them|that|this|these|those)\b")
"""What stands for a subject."""
CHILD = re.compile(r"\b(?:he|she|his|her|him|little (?:one|man|girl|boy))\b")
"""What stands for a patient's child."""
INTRODUCED = re.compile(
    r"(?:\b(?:Dr|Doctor|Mr|Mrs|Ms|Miss|Sir|Nurse)\.? (?:[A-Z]\w+ )?|\b[Mm]y name(?: is|'s) (?:[A-Z]\w+ )?)$"
)
"""What stands before a name that claims nothing."""
CUES = re.compile(
    r"\b(?:had|has|have|got|seen|felt|happened) (?:it|this|that|one|something|anything|the same|the same thing"
    r"|something similar|a similar) (?:\w+ )?(?:before|once|last|years?|when|earlier|previously)"
    r"|\bthe same (?:thing )?(?:happened|last|years?|before|as)\b|\bused to (?!it\b|this\b|that\b)\w+"
    r"|\bever since \w+"
    r"|\b(?:as|when i was|since i was) an? (?:child|kid|boy|girl|baby|teenager|student)\b|\bwhen i was \w+"
    r"|\ball my life\b"
    r"|\b(?:in|over) the past\b(?! \d)|\b(?:years|months|weeks"
    r"|days) ago\b(?<!\d years ago)(?<!\d months ago)(?<!\d weeks ago)(?<!\d days ago)"
    r"|\bbefore (?:that|this|then)\b|\blast (?:night|week|month|year|winter|summer|spring|autumn|time|christmas)\b"
    r"|\bmy (?:first|second|third|2nd|3rd|1st) (?:child|baby|pregnancy|one)?|\bruns? in (?:the|my) family\b"
    r"|\bdown with\b"
    r"|\b(?:makes?|made|making) (?:it|them|things|that) (?:worse|better|itch|hurt|flare)\b"
    r"|\b(?:can|could|am|is|was) (?:not|hardly|barely|unable to) (?:even )?(?:walk|move|bend|sit|stand|lift|open"
    r"|close|chew|talk|concentrate|see|hear|straighten|grip|climb|work|focus|look at)\b"
    r"|\bhardly (?:sleep|walk|eat|move|breathe)\b|\bhalf expected\b|\bsecond (?:child|pregnancy|baby|one)\b"
    r"|\bwith my (?:first|second|third)\b|\ba course of\b|\bsize of\b|\bas big as\b"
    r"|\b(?:end|ended) up\b|\b(?:up|awake) (?:half|all|most of) (?:the )?night\b"
)
"""Phrases of history, and of what makes a complaint better or worse."""
