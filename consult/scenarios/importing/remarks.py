"""Find what is said to doctors on a forum: remarks about the pictures and the post, and requests for help."""

from __future__ import annotations

import re

_PICTURE = r"(?:pictures?|photos?|photographs?|images?|pics?|attachments?|snapshots?)"
_TAGS = re.compile(
    rf"[\[\u3010(][^\[\]()\u3010\u3011]{{0,60}}?\b(?:{_PICTURE}|diagnos\w*"
    rf"|floor)\b[^\[\]()\u3010\u3011]{{0,40}}[\])\u3011]"
    r"|\[/?\w{0,8}\]|#[\w ]{2,30}#|^#\w+\s",
    re.IGNORECASE,
)
"""Matches a tag of a post: "[Picture]", "(see attached picture)", "#SharePicture#"."""
_AS_SHOWN = re.compile(
    rf",? ?\b(?:(?:as|like|which is|that is) )?(?:shown|seen|pictured|depicted|illustrated)? ?(?:as )?(?:in|on|by) "
    rf"(?:the|this|these|my)"
    rf" (?:\w+ ){{0,2}}?{_PICTURE}(?: (?:below|above|attached))?(?=$|[,.;)]| (?:for|since|with|and|without)\b)"
    rf"|,? ?\b(?:please )?see (?:the )?(?:attached |following )?{_PICTURE}(?: (?:below|above|attached))?(?=$|[,.;)])",
    re.IGNORECASE,
)
"""Matches an aside about the pictures, at a place where the sentence is whole without it."""
_AT_FIRST = re.compile(
    rf"^as (?:shown|seen|you can see) in the (?:\w+ )?{_PICTURE}(?: (?:below|above))?, ", re.IGNORECASE
)
_CODA = re.compile(
    r",\s*(?:(?:I am |I'm )?(?:seeking|asking for|requesting|looking for|looking forward to|hoping for) [^,.;]{0,60}"
    r"(?:advice|help|opinions?|identification|diagnosis|treatment|answers?|everyone|experts?)[^,.;]{0,20}"
    r"|please [^.;]{0,80}|thank(?:s| you)[^.;]{0,40}|(?:very )?urgent[^,.;]{0,20}|seeking (?:advice|help"
    r"|identification|diagnosis))[!.]*$",
    re.IGNORECASE,
)
"""Matches a request at the end of a statement."""
_ASKED = re.compile(
    r"^(?!(?:what|is|are|could|can|how|who|why|do|does|may|should|would|which|where|when|dear|doctors?|experts?|if"
    r"|has|have)\b)"
    r"(?P<said>[^?]{12,}?),\s*(?:and )?(?:but )?(?:what|is|are|could|can|how|should|do|does|may|which"
    r"|would)\b[^?]*\?[\"')]*$",
    re.IGNORECASE,
)
"""Matches a statement with a question after it."""
_ADDRESS = re.compile(
    r"^(?:hello|hi|dear|good (?:morning|evening|day|afternoon))\b[^.!?;:]{0,30}?[,!:]\s+(?=\w)"
    r"|^(?:please )?help (?:me )?(?:to )?(?:see|check|look at|identify|take a look at)[^,.;]{0,40},\s+(?=it|I|there|my)"
    r"|^(?:dear )?(?:doctors?|experts?|teachers?|everyone|professors?|sirs?|colleagues)[,:!]\s+(?=(?:I|my|there|the"
    r"|it|this)\b)",
    re.IGNORECASE,
)
"""Matches a salutation before a statement."""
_POST = re.compile(
    rf"\b{_PICTURE}\b|\bphotographed\b|:$"
    r"|\b(?:upload\w*|moderator|netizens?|forum|this (?:post|thread)|original poster|waiting online|(?:online|your) "
    r"(?:reply|replies)"
    r"|\d+(?:st|nd|rd|th) floor|as an AI|language model|(?:file|link) is (?:always )?invalid)\b"
    r"|\b(?:help|advice|assistance|opinions?|guidance|replies|an answer)(?: is| are)? (?:urgently |badly |really "
    r")?(?:needed|wanted|required|welcome|requested)\b"
    r"|\b(?:request\w*|asking|ask|beg\w*|plead\w*|look(?:ing)?|search(?:ing)?|seek(?:ing)?|hop(?:e|ing)|waiting|wait"
    r"|need|want)"
    r" (?:\w+ ){0,3}?(?:for |to (?:get|receive|hear|have) )?(?:\w+ ){0,3}?"
    r"(?:help|advice|assistance|opinions?|guidance|suggestions?|repl(?:y|ies)|answers?|diagnosis|consultation"
    r"|treatment plans?)\b"
    r"(?! from (?:a|my|the) (?:doctor|pharmac))"
    r"|^(?:very |most )?urgent(?:ly)?\b"
    r"|\b(?:I|we) (?:would|will|'d) be (?:extremely |very |so |most )?(?:grateful|thankful)\b"
    r"|\b(?:I|we) (?:sincerely |kindly |humbly |urgently )?(?:request|beg|ask|hope)\b[^.;]{0,40}\b(?:doctors?"
    r"|experts?|everyone|everybody|you|someone|anyone|teachers?)\b"
    r"|\b(?:esteemed|respected|dear) (?:doctors?|experts?|teachers?|colleagues|seniors|all|everyone)\b"
    r"|\b(?:everyone|everybody|experts?|anyone|somebody|someone|friends|colleagues|teachers?)[,:]? (?:please|kindly"
    r"|can|could|see|take a look|help|who knows)\b"
    r"|\b(?:can|could|would) (?:everyone|everybody|anyone|the experts?|an expert|any expert|a professional|you all"
    r"|the doctors?|(?:an?|any|some|the) (?:\w+ )?(?:dermatologist|doctor|professional|specialist|physician))\b"
    r"|^(?:everyone|experts?|colleagues|help)\b[,!:]"
    r"|^(?:send|sending|attached|attaching|posting|here (?:is|are)|below (?:is|are)|above (?:is|are)|the following "
    r"(?:is|are)|let me (?:clarify|add|explain)|let us)\b"
    r"|^(?:to add|to clarify|in addition to the above|ps|p\.s|supplement(?:ary)?)\b"
    r"|\b(?:the )?(?:first|second|third|last|next|left|right) (?:one|picture|image) (?:is|was|shows)\b"
    r"|^(?:this|that|it) is (?:the )?(?:largest|biggest|smallest|first|second|last|new|close-?up|current|most "
    r"(?:obvious|serious|severe)) (?:one|place|part|spot|area|lesion)?$"
    r"|^this is from (?:the|my)\b",
    re.IGNORECASE,
)
_DISCUSSION = re.compile(
    r"^(?:the )?(?:correct|right|final|possible|suspected|likely|preliminary|definite|clinical) (?:disease"
    r"|diagnos\w+|name|answer|treatment)\b"
    r"|^(?:diagnos(?:e|es|is|ing)|identify|identifying|differential|consultation|discussion|case|discuss\w*|analysis)\b"
    r"|\b(?:case|cases) (?:sharing|discussion|report|study|presentation|of (?:un\w+ )?(?:skin )?(?:disease"
    r"|dermat\w+))\b"
    r"|\bdiscussion (?:on|of|about)\b|\bdiagnos(?:ing|is|ed?) (?:from|by|based on|through|via|with) (?:the )?(?:look"
    r"|exam|view|pict|imag|phot)\w*"
    r"|^(?:today's|a new|new|another|yesterday's|one) (?:patient|outpatient|case)\b"
    r"|^(?:I|we) (?:fully |also )?(?:support|agree with|consider|suspect|suggest|recommend|advise|tend to)\b"
    r"|\b(?:supports?|supporting|consistent with|in line with|confirms?|suggests?|suggestive of) (?:the |this |a "
    r")?diagnosis\b|\bsupport(?:s)? [a-z]+(?:itis|osis|oma)\b"
    r"|^(?!I\b|my\b)[^,.;]{0,60}\b(?:can|should|may|could|must) be (?:treated|considered|given|excluded"
    r"|differentiated|distinguished)\b"
    r"|\b(?:can|cannot|can't|can not|could|probably) be (?:ruled out|excluded)\b|\bexcluding (?!for\b|the\b)\w+"
    r"|^for [\w ]{2,40}, (?:first|use|apply|take|it is best|you)\b"
    r"|^(?:take|use|apply|try|give|add|avoid|stop|continue|wash|consider|prescribe|administer|first|then) (?!me\b"
    r"|\w+ing\b)"
    r"(?!\w+,|(?:a few|several|some|two|three) (?:days|weeks|months))(?=.*\b(?:tablets?|cream|ointment|orally"
    r"|medication|treatment|drug|mg|ml|vitamin|dose|lotion|furoate|sone)\b)"
    r"|^(?:the )?treatment is (?:still|mainly|usually|generally)\b|\byou can (?:add|try|use|take|apply)\b|\bit is "
    r"best (?:not )?to\b"
    r"|\bI think (?:it's|it is) best\b|\bthere might be a problem\b|\bhas a (?:strong )?tendency to\b|^to cure\b"
    r"|^(?:this|it) is an? (?:very )?(?:common|typical|classic|rare|characteristic) (?:\w+ )?(?:disease|case"
    r"|condition|dermat\w+)\b"
    r"|^I have (?:a )?(?:typical|classic) (?:skin|case|lesion|picture|rash)\b"
    r"|\b(?:disease|condition) of an?\b|\bpractitioner of\b|\bI am (?:a|an) (?:\w+ )?(?:doctor|physician"
    r"|practitioner|dermatologist|resident|intern)\b"
    r"|\b(?:my|our) (?:clinic|outpatient|department)\b|\bsimilar patient\b|\bcame for consultation\b|\bI have a "
    r"consultation\b"
    r"|^(?:elderly|children's|pediatric|common) (?:\w+ )?(?:diseases?|conditions?)$"
    r"|\bnovice when it comes to\b|\bI don't know what to (?:write|post)\b",
    re.IGNORECASE,
)
"""Matches what a doctor or a helper says about a case, and not the patient."""


def without_remarks(sentence: str) -> str:
    """Remove salutations, tags and asides about the pictures from a sentence."""
    said = _TAGS.sub(" ", sentence)
    said = _AT_FIRST.sub("", _ADDRESS.sub("", said.strip()))
    said = _CODA.sub("", _AS_SHOWN.sub("", said))
    while (asked := _ASKED.match(said)) is not None:
        said = asked["said"]
    if len(said.split()) < 3:
        return sentence
    return sentence if said == sentence else re.sub(r"\s+", " ", said).strip(" ,;:")


def is_remark(sentence: str) -> bool:
    """Return whether a sentence speaks of pictures, of a post, or of a case as doctors do."""
    return _POST.search(sentence) is not None or _DISCUSSION.search(sentence) is not None
