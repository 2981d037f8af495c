"""Find what a line blames for a complaint, and what it says that somebody found or told, without grounds."""

from __future__ import annotations

import re
from collections.abc import Iterable

from consult.agents.grounding.reading import Reading, covers, is_chat, is_medical, is_medical_text
from consult.agents.grounding.vocabulary import tokens

_SUPPOSED_CAUSE = re.compile(
    r"\b(?:(?:probably|perhaps|maybe|likely|mainly|mostly|partly)(?: just)? because|it (?:will|must) (?:all )?be"
    r" (?:from|because|due to)|must (?:be|have been) (?:something|from|all the|all that|the)|(?:probably|maybe"
    r"|perhaps) (?:just )?from"
    r"|it is (?:all |just |probably )?(?:from|down to)|put (?:it|this) down to)"
    r" (?P<what>[^.!?;]*)"
    r"|\b(?:i (?:reckon|think|guess|suppose|bet|figure|suspect|imagine|believe|am (?:pretty |quite )?sure)"
    r"|no doubt|probably"
    r"|maybe|perhaps|obviously)(?: that)?,? (?:it|that|this) (?:is|was|must be)"
    r" (?:(?:just|all|only|from|down to|due to|because of) )*(?P<guess>(?!the (?:sort|kind|bit|answer|same|best"
    r"|only|first|last|least|most"
    r"|worst|thing|question|truth|point|problem|time|right|way (?:it|things))\b)(?:the|my|all|those|these|too much"
    r"|so much) [^.!?;]*)"
    r"|\b(?:probably|maybe|perhaps|no doubt) (?P<only>(?!the (?:sort|kind|bit|answer|same|best|only|first"
    r"|last|least|most|worst|thing|question|truth|point|problem|time|right)\b)(?:the|my|all the|those|these"
    r"|too much|so much) [^.!?;]*)"
)
"""Why something happens, as the patient supposes."""
_BLAMED = re.compile(
    r"(?<![^.!?;])(?P<before>[^.!?;]*)\bthat(?: is|'s) what(?: is|'s| has)? (?:done|did|does|doing|caus\w+"
    r"|brought|brings"
    r"|started|starts"
    r"|gave|gives|given|sets?)\b"
    r"|(?<![^.!?;])(?P<so>[^.!?;]*)\bthat (?:is|will be|must be|would be) (?:probably |just |exactly )?why\b"
    r"(?! (?:i|we) (?:came|come|am|are|have come|called|wanted|thought|booked|made|waited|worr\w+|want|ask\w*"
    r"|put)| (?:my|he|she|the))"
    r"|\bthat is what (?:i|we|you|he|she) gets? for (?P<for>[^.!?;]*)"
    r"|(?P<did>\b(?:i|he|she|we) [^.!?;]*) and (?:then )?(?:all of a sudden|suddenly|the next (?:thing|minute"
    r"|moment|day))\b"
    r"|\b(?:blam(?:e|ed|ing)|comes? of|came of|comes? from|put (?:(?:it|this|that|them) )?down"
    r" (?:(?:it|this|that|them) )?to|what with"
    r"|courtesy of|(?:could|might) be) (?P<blamed>(?!something\b|anything\b|that\b|worse\b|better\b)[^.!?;]*)"
    r"|(?<![^.!?;])(?P<tired>[^.!?;]*) (?:will|would|can) do that to\b"
    r"|(?<![^.!?;])(?P<done>[^.!?;]*)\band that did it\b"
    r"|(?<![^.!?;])(?P<source>[^.!?;]*)\b(?:gave|passed) (?:it|this) (?:on )?to me\b"
    r"|\b(?P<hard>[^.!?;,]*) took it out of me\b"
    r"|(?<![^.!?;] )(?<![^.!?;])\W*(?P<useless>(?:the|my|his|her|our|having|all|\w+ing) [^.!?;,]*)"
    r" (?:does|do) not (?:really |exactly |much )?help(?= ?(?:[.!,;]|either|matters|$))"
    r"|\bit is (?:all |just |probably )*(?:those|these|the|that|this|my|his|her|our) (?P<that>[^.!?;]*?)"
    r" (?:that|which|what)(?: is| has| have|'s)? (?:do|does|did|doing|done|caus\w+|makes?|gives?|brings?"
    r"|brought|sets?"
    r"|starts?|started)\b"
    r"|\b(?:it|that|this) is (?:all |just |only |probably |mostly )*because (?P<why>[^.!?;]*)"
)
"""What a patient blames."""
_ALL_OF_US = re.compile(
    r"\bwe (?:have |are )?(?:all|both) (?:have |got |had |get |suffer )|\b(?:all|both|the rest) of us (?:have"
    r"|had|get|got|are|itch|cough)"
    r"|\bwe are (?:all|both) (?!(?:worr|scar|anx|hop|pray|here|very|so|fed|just|doing|getting|going|coming)\w*)\w+"
    r"|\b(?:the whole|half the|half of the|half (?:his|her|my)) (?:family|house\w*|class|office|school|nursery)\b"
    r"|\bgoing (?:a?round) (?:at|in)\b"
)
"""Matches who else has the complaint."""
_PROMISED = re.compile(
    r"\b(?:nothing|not (?:be )?serious|harmless|fine|normal|wait|clear up|go away|on its own|by itself|stay"
    r"|should|could"
    r"|must|may|might|need)\b"
)
"""Matches what a doctor may promise or order."""
_BECAUSE = re.compile(r"(?<![^.!?;])(?P<before>[^.!?;]*)\bbecause (?:of )?(?P<what>[^.!?;]*)")
_CAME = re.compile(
    r"\b(?:came|come|here|worr\w*|ask\w*|call\w*|book\w*|glad|sorry|afraid|scared|embarrass\w*|told|tell|said"
    r"|say|want\w*"
    r"|hop\w+|need\w*|lov\w+|late|wait\w*|know|remember\w*|notic\w+|wonder\w*|mention\w*|help\w*|thank\w*|upset"
    r"|annoy\w*)\b"
)
"""Matches a clause that gives a reason and no cause of a complaint: "I came because my wife made me"."""
_MEASURED = re.compile(
    r"\b(?:my|the|his|her) (?:last |latest |recent |usual )?(?:\w+ ){0,2}"
    r"(?:readings?|results?|levels?|counts?|scores?|scans?|x ?rays?|tests?|swabs?|biops(?:y|ies)|bloods?)"
    r" (?:was|were|is|are|came|showed|shows?|said|says|read)\b"
    r"(?! (?:not )?(?:worth|done|taken|booked|quick|over|easy|painful|horrible|on|at|in|next|last|this"
    r"|yesterday|today|here|for)\b).*"
)
"""What a test is said to have shown."""
_REPORTED = re.compile(
    r"\byou (?:(?:just|already|also|did|have|had|were|are) )*(?:said|saying|telling (?:me|us)|told (?:me|us)"
    r"|mention(?:ed)?|promised|wrote)"
    r"(?: (?:earlier|before|last time|just now|a (?:moment|minute) ago))?(?: that)?"
    r" (?P<what>(?:it|this|i|they|there|he|she|the|my|not|to|that) [^.!?;]*)"
    r"|\b(?:(?:as|like) you (?:said|told me|mentioned)|according to you),? (?P<lead>[^.!?;]+)"
    r"|(?<![^.!?;])(?P<that>(?!\W*i (?:did|do|have|will|am|was"
    r"|followed)\b)[^.!?;]*?)(?<!\bone)(?<!\bones)(?<!\bthing)(?<!\bthings)"
    r"(?<!\bwhat)(?<!\bway)(?<!\beverything)(?<!\ball),? ?(?:(?:as|like) )?you (?:said|told me|mentioned"
    r"|were saying)(?=\W*(?:$|[.,!?]))"
)
"""What the doctor is said to have said."""


def blamed(reading: Reading) -> Iterable[str]:
    """Find what a patient supposes to be the cause."""
    for match in _SUPPOSED_CAUSE.finditer(reading.said):
        guess = match["guess"] or match["only"]
        new = reading.new(guess, depends=True) if guess else [t for t in tokens(match["what"]) if reading.is_new(t)]
        if new:
            yield match[0]
    for match in _BLAMED.finditer(reading.said):
        cause = next((one for one in match.groups() if one), "")
        came = match["why"] and _CAME.search(match[0])
        begun = match["did"] is None or is_medical_text(reading.said[match.end() :])
        if begun and not came and reading.new(cause, depends=True):
            yield match[0]
    for match in _BECAUSE.finditer(reading.said):
        before = re.split(r",|\b(?:and|but|so|or)\b", match["before"].strip(" ,"))[-1].strip()
        about = any(covers(token, reading.stated_keys) for token in tokens(before)) or len(before.split()) == 1
        if about and not _CAME.search(before) and reading.new(match["what"], depends=True):
            yield match[0].strip()


def reported(reading: Reading) -> Iterable[str]:
    """Find what a test is said to have shown, or the doctor to have told, that nobody told."""
    for match in _MEASURED.finditer(reading.said):
        if not any(token.word in reading.heard for token in tokens(match[0]) if token.is_content):
            yield match[0]
    for match in _REPORTED.finditer(reading.said):
        told = [token for token in tokens(match["what"] or match["lead"] or match["that"]) if token.is_content]
        unheard = [token for token in told if reading.is_new(token)]
        promised = _PROMISED.search(match[0]) and 2 * len(unheard) > len(told)
        if promised or any(not is_chat(token) for token in unheard):
            yield match[0]
    for match in _ALL_OF_US.finditer(reading.said):
        clause = reading.clause_at(match.start())
        if clause and is_medical(clause) and match[0] not in reading.heard:
            yield match[0]
