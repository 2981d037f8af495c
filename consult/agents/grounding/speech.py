"""Whether a text is one patient's speech: no tag, markup, placeholder, instruction, loop or doctor's sentence."""

from __future__ import annotations

import re
from collections import Counter

from consult.agents.grounding import figures
from consult.agents.grounding.language import words_of
from consult.agents.grounding.normal_form import normalised, plain, scripts

LONGEST = 120
"""Most words of a patient's line."""
LETTERS = 12 * LONGEST
"""Most characters of a line."""
WORD = 60
"""Most characters without a space."""
ECHO = 6
"""This many words in a row from the instructions are an echo."""

_SPEAKERS = (
    "patient|doctor|dr|gp|physician|attending|triage|nurse|specialist|assistant|user|system|human|ai|model"
    "|parent|mother|mum|mom|dad|son|daughter|wife|husband|partner|carer|caregiver|child|relative"
    "|father|me|narrator|interviewer|speaker|q|a"
)
_TAG = re.compile(
    rf"(?:^|[\n.!?\u2026\"*)\]]\s*)\**(?:the )?(?:{_SPEAKERS})\**\s*:|^\W*(?:\w+ ){{1,3}}[(\[](?:{_SPEAKERS})[)\]]\W*:",
    re.IGNORECASE,
)
_ROLE_TAG = re.compile(r"\b(?:patient|doctor|assistant)\s*:", re.IGNORECASE)
_JSON = re.compile(r"[{}]|^\s*\[|\"\w+\"\s*:|^\s*(?:line|text|answer|response|reply)\s*:", re.IGNORECASE)
_MARKUP = re.compile(r"^\s*(?:[-*\u2022]|\d+[.)])\s+\w|<[^>\d][^>]*>?|```|^\s*#|_{3,}|\|\|", re.MULTILINE)
_PLACEHOLDER = re.compile(
    r"\[[^\]]*\]|\bX{2,}\b|\byour (?:line|answer|response|reply) here\b|\binsert (?:\w+ ){0,2}here\b|\blorem ipsum\b"
    r"|\b(?:your|the patient's) (?:line|answer to the doctor)\b",
    re.IGNORECASE,
)
_DIRECTION = re.compile(r"\*[^*]+\*|\([^)]*\)|\[[^\]]*\]|_[^_]+_")
_INSTRUCTION = re.compile(
    r"\bas (?:requested|instructed|stated above|described above|provided|directed)\b|\bas an? (?:ai|language model)\b"
    r"|\b(?:these|the (?:other|given|following|above|provided|listed)) facts\b|\bstat(?:e|es"
    r"|ing) (?:only )?(?:the|these|this) fact"
    r"|\bfacts?\s*\d?\s*:|\b(?:the |my )?instructions?\b.{0,20}\b(?:say|said|follow|state|given)|\b(?:in the"
    r"|the|using|speak in) first person\b(?! (?:to|who|i))"
    r"|\bthe prompt\b|\bi (?:was|am) (?:told|asked|instructed|supposed|not allowed|only allowed) to (?:say|state"
    r"|mention|play|answer|speak|reply|respond)"
    r"|\bi(?: a|')m (?:playing|a simulated)|\bi (?:will|am going to|shall) (?:play|act as|pretend to be)\b"
    r"|\bmy (?:role|card|temperament|last (?:line|answer))\b|\b(?:any|no) facts\b|^\W*(?:no|null) (?:response"
    r"|reply)\b"
    r"|\bmedical consultation\b|\bthis is an example\b|^i(?: a|')m a patient\b\W*$"
    r"|\bhere(?: i|')s (?:the|my|a|an) (?:line|answer|response|reply|sentence)|\bhere is the patient"
    r"|^(?:sure|certainly|of course|okay|absolutely)[,!:.]? here\b|\bin character\b|\bword limit\b"
    r"|\bwithout naming a (?:disease|diagnosis)"
    r"|\bin (?:one to three|1 to 3|1-3) sentences\b|\bthe patient\b|\bi am the patient\b|\bnone of the (?:above"
    r"|facts)\b"
    r"|\bdid not (?:mention|reveal) any\b|\bsimulated consultation\b|\bplay(?:s|ing)? a patient\b|\bmake nothing up\b"
    r"|\bnever name a disease\b|\bi (?:cannot|can't|can not) (?:provide|give) medical advice\b|\bjson\b"
    r"|\bsystem prompt\b|\bas an? patient\b|\bmedical content\b|\b(?:stated|given|listed|answered with) the facts?\b"
    r"|\bwithout (?:adding|inventing|making up|revealing)\b|\bi (?:will|shall|am going to) now (?:describe"
    r"|state|answer|speak)\b"
    r"|\b(?:is|was) (?:that|this|my) (?:answer|line|reply|response)\b|\b(?:the|your|this) (?:character|persona)\b"
    r"|\b(?:in your own words|the following (?:fact|line|sentence|answer)s?|phlegmatic|choleric|sanguine|melancholic"
    r"|(?:a|the|in|my) (?:\w+ )?temperament)\b"
    r"|\b(?:added|adding|add) (?:nothing|no|anything)\b|\banswer again\b|\bwithout this fault\b",
    re.IGNORECASE,
)
_BODY = (
    "knee|back|eyes?|throat|chest|skin|symptoms?|rash|pain|tooth|teeth|legs?|arms?|foot|feet|head|stomach|belly"
    "|ears?|cough"
    "|temperature|blood pressure|tongue|mouth|hands?|lump|mole|test results|son's|daughter's|medication|heart|lungs"
    "|condition|weight|pulse|neck|breathing"
)
_DOCTOR = re.compile(
    rf"(?<!warm )(?<!wash )(?<!in )\byour (?:\w+ )?(?:{_BODY})\b"
    rf"|(?<!when )(?<!if )(?<!once )\byou (?:should(?! have (?:seen|heard|known"
    rf"|been|told|said))|must(?! have| be| get| think"
    rf"| hear| see)|need to|ought to"
    rf"|have to(?! (?:ask|wonder|laugh|excuse|forgive|understand|believe|do)\b)"
    r"|probably have|appear to have|seem to have|are suffering"
    r"|(?:may|might) have(?! (?:\w+(?:ed|ood|eard|een|ought|ot|old|ead|issed|ound)\b|to\b|the wrong))|have got an?)\b"
    r"|\bi (?:recommend|suggest(?! that i)|advise|diagnose|prescribe)\b"
    r"|\bi (?:will|would|am going to|shall|would like to|want to|need to) (?:prescribe|examine|refer|order"
    r"|recommend|send you|check (?:you|your)|"
    r"listen to|give you|take a look|have a look|write you)\b|\bi (?:would like|want) you to\b"
    r"|\blet (?:me|us) (?:examine|have a look|take a look|listen|check(?! (?:in )?my\b)|see your|feel your"
    r"|look at(?! my\b))\b"
    r"|\bhow long have you\b|\b(?:do|have|are|did|were) you (?:(?:also|ever|still) )?(?:have|notice(?= any)"
    r"|suffer|smoke|drink|had|been|noticed|tried|taken"
    r"|taking|allergic|in pain|pregnant|feel|experienc\w+|sleep\w*|eat\w*)\b"
    r"|\b(?:your|the|my) (?:next|following) question\b|\bhere(?: i|')s (?:your|the) (?:\w+ )?question\b"
    r"|\bwhat brings you\b|\bhow can i help\b|\bwhere does it hurt\b|\bopen wide\b|\bany (?:allergies"
    r"|other symptoms|pain|fever) ?\?"
    r"|\bdoes it (?:hurt|itch|bleed|burn)(?: \w+)? ?\?|\bwhen did (?:it|this|the \w+) (?:start|begin)\b[^.!]*\?"
    r"|\bcome back (?:to|and see) (?:me|us)\b|\bi see[,.] (?:so )?(?:it is on your|your|you)\b|\btell me (?:more"
    r"|where|when)\b"
    r"|\bit sounds like you\b|\bhow are you feeling\b|\bfeel free to\b|\bhow (?:may|can) i assist\b",
    re.IGNORECASE,
)
_ASSISTANT = re.compile(
    r"\b(?:the|this|that|a) (?:paragraph|passage|essay|prompt|text)(?:s)? (?:you|above|below|requested|that you)\b"
    r"|\bmy (?:own )?(?:response|reply|output)\b|\bpaste (?:the|it|this)\b|\b(?:asked for|choose"
    r"|chosen) a different option\b"
    r"|\b(?:the|this|our) (?:conversation|consultation|dialogue|session|scenario|exercise|interview) (?:has|is|was)"
    r" (?:now )?(?:ended|over|finished|concluded|complete(?:d)?)\b"
    r"|\bi(?: wi|')ll (?:be happy to )?follow up (?:with|after|on)\b|\bas you requested\b|"
    r"\bi(?: a|')m here to (?:help|assist|support|guide|answer|listen|address)\b(?! (?:my|him|her|them)\b)"
    r"|\b(?:happy|glad|pleased|able|unable) to (?:help|assist)\b|\bcan(?: no|')t (?:assist|help you)\b"
    r"|\bwhat can i do for you\b|\banything else (?:that )?i can (?:help|do|assist)\b"
    r"|\bsorry for (?:the|any) (?:misunderstanding|confusion|inconvenience)\b|\bi apologi[sz]e for (?:the|any)\b"
    r"|\bdo(?: no|')t hesitate to\b|\bthank(?:s| you) for your (?:question|patience|visit|message)\b"
    r"|\bthank(?:s| you) for (?:coming(?: in)?|sharing|reaching out|visiting)\b"
    r"|\byour (?:case|preferences?|request|personal \w+)\b|\baddress your\b|\bi hope (?:this|that) (?:helps"
    r"|answers)\b"
    r"|\byou (?:have|had) (?:an? |some )(?:\w+ )?(?:problem|condition|disease|issue|infection|illness)\b"
    r"|\byou (?:have|had) been (?:sent|asked|given|referred)\b|\byou(?: a|')re (?:asked to|a patient)\b"
    r"|\bwhat would you like to (?:talk about|discuss)\b|\bwhat seems to be\b"
    r"|\bi hope you (?:feel|get) (?:any )?better\b|\bget well soon\b|\btake care of yourself\b"
    r"|\blet me know (?:if|how|when|whether) you (?:have|feel|are|experience|notice|want)\b"
    r"|\bany (?:other |more |further )?questions ?\?|\b(?:can|could) you (?:please )?(?:describe|rate|point)\b"
    r"|\bis it (?:itchy|painful|sore|swollen|hot|tender|spreading)(?: \w+)? ?\?|^where is (?:it|the \w+) ?\?"
    r"|\bwe(?: wi|')ll (?:run|order|examine|find (?:the|out))\b"
    r"|\bwe(?: wi|')ll do (?:some|a|an) (?:tests?|exam\w*|scan|biopsy|blood|swab)\b"
    r"|\b(?:personal experiences?|enough information to)\b|\bi(?: wi|')ll answer the question\b"
    r"|\bi(?: wi|')ll (?:treat|cure|help) you\b|\bi(?: a|')m (?:just )?(?:a|your) (?:little )?doctor\b(?!'s| myself)"
    r"|\btell me (?:all )?(?:about )?your (?:troubles?|symptoms?|problems?|complaints?)\b|\bglad you came\b"
)
"""What assistants and doctors say, and a patient hardly ever."""
_DIRECTED = re.compile(
    r"(?:^|[.!?:\u2026)] *)[^\w]*(?:greet the doctor|say goodbye to the doctor|take your leave"
    r"|state (?:the|these|your) fact"
    r"|the (?:man|woman|boy|girl|person) (?:thanks|nods|leaves|says|replies|answers|smiles)\b)"
)
"""An order to the patient, or a narrator's sentence about it."""
_GENERIC = re.compile(
    r"\b(?:like|as if|as though|when|whenever|if|once|funny|odd|strange) (?:when )?(?:you\b[^.!?]*|that is )?$"
)
"""What stands before a "you" or "your" that means anybody."""
_ORDER = re.compile(
    r"(?:^|[.!?]\s*|, then )(?:please )?(?:take|use|apply|put|avoid|keep|wash|rub|come back|book|drink|rest"
    r"|stop)\b[^.?!]*"
    r"\b(?:tablets?|pills?|creams?|ointment|daily|times|days?|rest|fluids?|water|dry|clean|weeks?|worse|better)\b"
)
_ME = re.compile(r"\b(?:i|me|my|we)\b")


def not_speech(line: str, instructions: str = "", heard: str = "") -> str:
    """Return why a line is not a patient's speech, in words that follow "the line"; empty if it is.

    Args:
        line: The line.
        instructions: What its model was asked; several words of it in a row are an echo.
        heard: What may be repeated: the facts, and what the doctor said.
    """
    if not re.search(r"\w", line):
        return "has no words"
    if not line.isascii() and scripts(plain(line)) - scripts(plain(heard)) - {"LATIN"}:
        return "has letters of another script"
    if len(line) > LETTERS or max(map(len, line.split())) > WORD:
        return "is too long"
    said = normalised(line)
    if not re.search(r"\w", _DIRECTION.sub(" ", line)):
        return "is only a stage direction or a placeholder"
    if _JSON.search(line):
        return "is written as data"
    if _PLACEHOLDER.search(line):
        return "has a placeholder"
    if _MARKUP.search(line):
        return "has markup"
    if _TAG.search(line) or _ROLE_TAG.search(line):
        return "starts with a speaker's name, or speaks for somebody else"
    if _INSTRUCTION.search(line) or _DIRECTED.search(said) or _echoes(said, instructions, heard):
        return "repeats its instructions"
    if _loops(said):
        return "repeats itself"
    if len(words_of(said)) > LONGEST:
        return "is too long"
    if _is_doctors(said, normalised(heard)):
        return "is what a doctor says, not a patient"
    return ""


def _is_doctors(said: str, heard: str) -> bool:
    said = figures.FIGURES.sub(" ", said)
    for match in (*_DOCTOR.finditer(said), *_ASSISTANT.finditer(said)):
        asks = re.match(r"[^.!?]*\?", said[match.end() :])
        if match[0] not in heard and (asks or not _GENERIC.search(said[: match.start()])):
            return True
    order = _ORDER.search(said)
    return order is not None and not _ME.search(order[0]) and not _repeats(order[0], heard)


def _repeats(part: str, heard: str) -> bool:
    """Return whether a part only repeats what was heard."""
    known = set(words_of(heard))
    return all(word in known for word in words_of(part) if len(word) > 3)


def _loops(said: str) -> bool:
    sentences = Counter(" ".join(words_of(one)) for one in re.split(r"[.!?]+", said))
    if any((count > 1 and len(one.split()) >= 4) or (count > 2 and one) for one, count in sentences.items()):
        return True
    return any(count > 2 for n in (3, 4, 5) for count in Counter(_grams(tuple(words_of(said)), n)).values())


def _grams(words: tuple[str, ...], n: int) -> list[tuple[str, ...]]:
    return [words[i : i + n] for i in range(len(words) - n + 1)]


def _echoes(said: str, instructions: str, heard: str) -> bool:
    if not instructions:
        return False
    ours = {f" {' '.join(gram)} " for gram in _grams(tuple(words_of(said)), ECHO)}
    if not ours:
        return False
    instructed, known = _spoken(instructions), _spoken(heard)
    return any(gram in instructed and gram not in known for gram in ours)


def _spoken(text: str) -> str:
    """Return a text's words between spaces, line by line: most lines of a prompt are those of the prompt before."""
    words = (word for line in text.splitlines() for word in words_of(normalised(line)))
    return f" {' '.join(words)} "
