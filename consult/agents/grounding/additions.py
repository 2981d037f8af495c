"""Find what a line claims without grounds.

Only claims need a licence: a word of the vocabulary's classes, a number, a name, and phrases that tell a cause, a
circumstance, a course in time, a treatment, or how something looks or feels. Other words are free.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from consult.agents.grounding import figures, phrases
from consult.agents.grounding.attributions import blamed, reported
from consult.agents.grounding.language import CLOSE, Clause, Quantity, Rate, denies, quantities, rates
from consult.agents.grounding.normal_form import normalised
from consult.agents.grounding.reading import (
    CHILDREN,
    CLAIM_QUALITIES,
    MEDICAL,
    Finding,
    Reading,
    covers,
    has_claim,
    is_chat,
    is_claim,
    is_medical,
    is_social,
    keys_of,
    spelt,
    with_kinds,
)
from consult.agents.grounding.vocabulary import Token, listed, tokens

_UNITS = r"minute|hour|day|week|month|year|decade|summer|winter|spring|autumn"
GENERAL = frozenset(f"disease:{one}" for one in ("disease", "illness", "syndrome"))
"""Words for diseases in general, which do not name one."""
WEAK = frozenset(["time"])
"""Classes of words that patients use beside their complaint, too."""
LEAKED = 2
"""A line discloses an unsaid fact if it has at least this many of its words, and at least three fifths of them."""
BABBLE = 4
"""A sentence with this many unknown words, and more of them than known ones, is not speech."""


def additions(reading: Reading) -> Iterable[Finding]:
    """Find what a line claims without grounds."""
    yield from _numbers(reading)
    yield from _rates(reading)
    for clause in reading.clauses:
        yield from _claims(reading, clause)
    yield from (Finding("added", what, weak=True) for what in _names(reading))
    for what in (*_histories(reading), *blamed(reading), *reported(reading), *_treated(reading), *_babble(reading)):
        yield Finding("added", what)
    for clause in reading.clauses:
        guessed = phrases.GUESSED.search(clause.text)
        if guessed and any(not token.concepts and not is_social(token) for token in reading.new(guessed[0])):
            yield Finding("disease", guessed[0])
        if clause.asks:
            yield from (Finding("disease", what) for what in _suspected(reading, clause))
        elif not phrases.SUPPOSED.search(clause.text) and clause.sentence not in reading.asides:
            yield from (Finding("added", what) for what in _framed(reading, clause))
            yield from (Finding("added", what, weak=True) for what in _circumstances(reading, clause))
    yield from (Finding("unsaid", fact) for fact in _leaked(reading))
    if not reading.facts and _answers(reading):
        yield Finding("added", "an answer without a fact")


# -- numbers and names -------------------------------------------------------------------------------------------------


def _numbers(reading: Reading) -> Iterable[Finding]:
    for start, said in _counted(reading.said):
        if any(said.equals(one) for one in reading.amounts) or (said.is_one and not said.unit):
            continue
        if any(rate.start <= start < rate.end and _is_known_rate(reading, rate) for rate in rates(reading.said)):
            continue
        if (said.is_one and _is_rate(reading, said, start)) or phrases.COUNTED_TALK.match(reading.said, start):
            continue
        fancied = phrases.FANCIED.search(reading.said[:start])
        if fancied or _is_daily(reading, start) or phrases.SIMILE.search(reading.said[:start]):
            continue
        yield Finding("number", str(said))
    for named in (phrases.WEEKDAY, phrases.MONTH):
        heard = set(re.findall(named, reading.heard))
        others = [name for name in re.findall(named, reading.said) if name not in heard]
        yield from (
            Finding("number", name) for name in others if heard and not heard & set(re.findall(named, reading.said))
        )


def _rates(reading: Reading) -> Iterable[Finding]:
    """Find how often something is said to happen, where somebody said another frequency."""
    if not rates(reading.heard):
        return
    for rate in rates(reading.said):
        clause = reading.clause_at(rate.start)
        if not _is_known_rate(reading, rate) and clause is not None and not _is_daily(reading, rate.start):
            yield Finding("number", reading.said[rate.start : rate.end])


def _is_known_rate(reading: Reading, rate: Rate) -> bool:
    return any(rate.equals(one) for one in rates(reading.heard))


def _is_rate(reading: Reading, said: Quantity, start: int) -> bool:
    """Return whether "a day" stands for "per day", or for no measured time ("I have had a day of it")."""
    before = reading.said[:start]
    if re.search(r"(?:times?|\d|glass|tablets?|once|pack)(?: (?!for\b|in\b|over\b)\w+){0,2} $", before):
        known = re.search(rf"\b{said.written}|\bdaily\b|\bweekly\b|\b(?:every|each|per)\b", reading.heard)
        return bool(known) or not re.search(r"\btimes? $", before)
    return bool(re.match(r"1 (?:minute|day|year)\b(?! ago| and)", reading.said[start:]))


def _is_daily(reading: Reading, start: int) -> bool:
    """Return whether a number counts something of everyday life: "two kids", "married for fifty years"."""
    clause = reading.clause_at(start)
    about = [token for token in tokens(clause.text) if reading.is_new(token)] if clause else []
    counted = re.match(r"\d+ (?:lovely |little |small |young |other )?([a-z]+)", reading.said[start:])
    if counted and any(is_social(token) and not reading.is_unsaid(token) for token in tokens(counted[1])):
        return True
    if clause is not None and phrases.WAITING.search(clause.text) and not is_medical(clause):
        return True
    if clause is None or is_medical(clause) or any(is_claim(token) and not is_social(token) for token in about):
        return False
    return any(is_social(token) and not reading.is_unsaid(token) for token in about)


def _counted(text: str) -> list[tuple[int, Quantity]]:
    return [
        (match.start(), quantity)
        for match in re.finditer(
            r"(?<![\d.])\d+(?:\.\d+)?[a-z]*(?:[ -]?(?:or so|odd|full|whole|good|long))?[ -]?[a-z]*(?: old)?", text
        )
        for quantity in quantities(match[0])[:1]
    ]


def _leaked(reading: Reading) -> Iterable[str]:
    """Find the facts that are not to be said of which a line has a number with its unit, or most words."""
    known = reading.licensed | reading.asked
    for fact in map(normalised, reading.grounds.unsaid):
        counted = [
            one for one in quantities(fact) if one.unit and not any(one.equals(other) for other in reading.amounts)
        ]
        if any(one.equals(other) and other.unit for one in counted for other in quantities(reading.said)):
            yield fact
            continue
        content = [token for token in tokens(fact) if not covers(token, known)]
        told = [token for token in content if covers(token, keys_of(reading.said))]
        if len(told) >= LEAKED and 5 * len(told) >= 3 * len(content):
            yield fact


def _names(reading: Reading) -> Iterable[str]:
    """Find names within a sentence that nobody mentioned."""
    known = " ".join((reading.grounds.heard, *listed("capitals"))).lower()
    for match in re.finditer(r"(?<=[a-z,;] )[A-Z][a-z]{2,}\b", reading.line):
        if tokens(normalised(match[0])) and tokens(normalised(match[0]))[0].concepts:
            continue
        if not phrases.NAMED.search(reading.line[: match.start()]):
            continue
        if re.search(r"\b(?:like|as if|as though)\b[^.!?]*$", reading.line[: match.start()]):
            continue
        if match[0].lower() not in known and not phrases.INTRODUCED.search(reading.line[: match.start()]):
            yield match[0]


# -- words -------------------------------------------------------------------------------------------------------------


def _claims(reading: Reading, clause: Clause) -> Iterable[Finding]:
    plain = figures.FIGURES.sub(" ", figures.IDIOMS.sub(" ", clause.text))
    fresh = [token for token in tokens(plain) if not covers(token, reading.licensed)]
    liked = phrases.LIKE.search(clause.text)
    likened = {token.word for token in tokens(clause.text[liked.start() :])} if liked else set()
    claims = [token for token in fresh if is_claim(token) and not _is_image(reading, token, likened)]
    for token in claims:
        if "disease" in token.classes and not covers(token, reading.asked):
            yield Finding("added" if token.concepts & GENERAL else "disease", spelt(token))
        elif _is_timed(reading, token, clause) or _is_denied_kind(reading, token, clause):
            continue
        elif not _may_say(reading, token, clause, claims):
            unsaid = reading.is_unsaid(token)
            yield Finding(
                "unsaid" if unsaid else "added",
                spelt(token),
                weak=not unsaid and (token.classes <= WEAK or _is_moved(token, clause)),
            )
    others = [token for token in fresh if not token.concepts and not covers(token, reading.asked)]
    yield from (Finding("unsaid", spelt(token)) for token in others if reading.is_unsaid(token) and not is_chat(token))


def _is_timed(reading: Reading, token: Token, clause: Clause) -> bool:
    """Return whether a time only says again a number that is known: "at 4 in the morning", "24 hours, so yesterday"."""
    if token.classes != {"time"}:
        return False
    if re.search(rf"\b\d+(?: o'clock)? (?:in the|at) {token.word}\b", clause.text):
        return True
    day = any(one.unit == "days" and abs(one.value - 1) < CLOSE for one in reading.amounts)
    return token.word == "yesterday" and day


def _is_denied_kind(reading: Reading, token: Token, clause: Clause) -> bool:
    """Return whether a line denies a thing of a kind that it was to deny: no medicines, "not a single pill"."""
    return clause.denies and any(denies(fact) and with_kinds(token.keys) & keys_of(fact) for fact in reading.facts)


def _is_moved(token: Token, clause: Clause) -> bool:
    """Return whether a part of the body is only what somebody moves or touches: "I can hardly turn my head"."""
    return token.classes == {"body"} and bool(
        re.search(rf"{phrases.MOVED.pattern} {re.escape(spelt(token))}\b", clause.text)
    )


def _is_image(reading: Reading, token: Token, likened: Collection[str]) -> bool:
    """Return whether a word only belongs to a comparison: "like a kettle inside my head"."""
    pictured = token.word in likened and token.classes <= {"body", "life", "time", "quality"}
    return pictured and not reading.is_unsaid(token) and not token.concepts & CLAIM_QUALITIES


def _may_say(reading: Reading, token: Token, clause: Clause, claims: Sequence[Token]) -> bool:
    if covers(token, reading.asked):
        if clause.denies and phrases.EXAMPLE.search(reading.doctor.partition(token.word)[0]):
            return True
        return clause.asks or reading.unsure or not token.classes & {"sign", "treatment", "life", "disease", "person"}
    if _is_of_the_plan(reading, token, clause, claims):
        return True
    if clause.asks:
        if token.classes == {"person"}:
            return not _is_likened(clause)
        if token.classes == {"body"} and phrases.IS_IT.search(clause.text) and not reading.is_unsaid(token):
            return True
        told = reading.is_unsaid(token) and phrases.OWN_ACT.search(clause.text)
        return not (told or phrases.OF_MINE.search(clause.text)) and "disease" not in token.classes
    if token.concepts & CHILDREN and phrases.THIRD.search(reading.heard):
        return "person:child" in token.concepts or not reading.licensed & (CHILDREN - {"person:child"})
    if reading.is_unsaid(token):
        return False
    if phrases.SUPPOSED.search(clause.text) and "treatment" not in token.classes:
        return True
    if len(claims) == 1 and figures.IDIOMS.search(clause.text):
        return True
    if token.after in listed("occasions") and token.concepts & {"quality:worse", "quality:better", "quality:bad"}:
        return True
    aside = clause.sentence in reading.asides and not _is_asked_of(reading, token)
    planned = phrases.PLAN.search(clause.text) and token.classes <= {"life", "time"}
    if token.classes != {"person"} and (aside or planned):
        return True
    if token.classes == {"person"}:
        return not _is_likened(clause)
    if token.classes <= {"time"} or token.word in listed("daily"):
        return not is_medical(clause) and (bool(phrases.ACTING.search(clause.text)) or _is_everyday(reading, clause))
    return False


def _is_of_the_plan(reading: Reading, token: Token, clause: Clause, claims: Sequence[Token]) -> bool:
    """Return whether a word, where nothing is to be told, belongs to what the doctor plans or to talk about it."""
    about = any(one.classes & {"sign", "disease"} for one in claims) or phrases.COMPLAINT.search(clause.text)
    if reading.facts or about or reading.is_unsaid(token) or phrases.HABIT.search(clause.text):
        return False
    dated = "time" in token.classes and "?" in reading.doctor and phrases.SINCE_WHEN.search(reading.doctor)
    return token.classes <= {"body", "time", "life"} and not dated and not _is_asked_of(reading, token)


def _is_asked_of(reading: Reading, token: Token) -> bool:
    """Return whether a line without facts answers a question about things of a word's classes."""
    if reading.facts or "?" not in reading.doctor:
        return False
    return any((token.classes - {"time"}) & other.classes for other in tokens(reading.doctor))


def _is_everyday(reading: Reading, clause: Clause) -> bool:
    """Return whether a clause has new words of everyday life, other than times."""
    return any(is_social(token) and not token.concepts for token in tokens(clause.text) if reading.is_new(token))


def _is_likened(clause: Clause) -> bool:
    """Return whether a clause tells of somebody else's health, or likens it to the patient's."""
    claims = [token for token in tokens(clause.text) if is_claim(token) and token.word not in listed("daily")]
    about = any(token.classes & MEDICAL for token in claims)
    if phrases.LIKENED.search(clause.text) or (about and not phrases.TALK.search(clause.text)):
        return True
    had = phrases.SUFFERED.search(clause.text) and not phrases.WE_HAVE.search(clause.text)
    return bool(had) and not all(map(_is_talk, tokens(clause.text)))


def _is_talk(token: Token) -> bool:
    return is_chat(token) or is_social(token) or token.classes == {"time"}


def _answers(reading: Reading) -> bool:
    """Return whether a line without facts answers yes or no to a question about the patient's health."""
    question = reading.doctor.rpartition(". ")[2]
    history = "?" in question and phrases.HISTORY.search(question) and not phrases.DECLINED.search(reading.said)
    if history and not reading.unsure and "?" not in reading.said:
        return True
    about = any(is_claim(token) and covers(token, reading.asked) for token in tokens(reading.doctor))
    answer = phrases.ANSWER.match(reading.said)
    return about and bool(answer) and not reading.unsure and not reading.said.rstrip().endswith("?")


def _babble(reading: Reading) -> Iterable[str]:
    """Find sentences that are mostly no words of patients."""
    for sentence in re.split(r"[.!?;]+", reading.said):
        unknown = [token for token in reading.new(sentence) if not token.concepts]
        if len(unknown) >= BABBLE and 2 * len(unknown) > len(re.findall(r"[a-z]+", sentence)):
            yield " ".join(map(spelt, unknown))


# -- phrases -----------------------------------------------------------------------------------------------------------


def _histories(reading: Reading) -> Iterable[str]:
    """Find phrases of history and of what changes the complaint, without grounds."""
    for match in phrases.CUES.finditer(reading.said):
        clause = next((c for c in reading.clauses if match[0] in c.text), None)
        whole = clause is not None and re.match(r"(?:ever since$|they |the \w+ |my \w+ )", match[0]) is not None
        content = tokens(clause.text if clause and whole else match[0])
        known = [covers(token, reading.licensed) for token in content]
        covered = any(known) and all(ok or is_chat(token) for ok, token in zip(known, content, strict=True))
        idle = match[0].startswith("used to") and clause and not is_medical(clause) and not has_claim(clause)
        dated = match[0].startswith("last ") and re.search(r"\b(?:last|since|ago|yesterday)\b", reading.heard)
        earlier = match[0].startswith("before ") and "before" in reading.heard
        supposed = clause and (
            clause.asks or phrases.SUPPOSED.search(clause.text) or phrases.UNREAL.search(clause.text)
        )
        if (
            match[0] == "ever since"
            and clause
            and re.search(r"\bever since\W*$", clause.text)
            and not has_claim(clause)
        ):
            continue
        if match[0].startswith("can not") and "can not" in reading.heard:
            continue
        if figures.FIGURES.match(reading.said, match.start()) or reading.stands_for_a_fact(match[0]):
            continue
        if match[0] not in reading.heard and not (covered or dated or earlier or supposed or idle):
            yield match[0]


def _treated(reading: Reading) -> Iterable[str]:
    """Find what was tried or given."""
    for match in phrases.TREATED.finditer(reading.said):
        if reading.new(match["what"], depends=True):
            yield match[0]
    for match in phrases.LIFELONG.finditer(reading.said):
        if any(token.classes != {"time"} for token in reading.new(match["what"])):
            yield match[0]


def _framed(reading: Reading, clause: Clause) -> Iterable[str]:
    """Find why something happened and how it goes on, without grounds."""
    cause = phrases.CAUSE.search(clause.text)
    if cause and _depends(reading, clause, cause):
        yield cause[0]
    chosen = phrases.ESPECIALLY.search(clause.text)
    if chosen and reading.new(chosen[0], depends=True):
        yield chosen[0]
    course = phrases.COURSE.search(clause.text)
    if course and not _is_known_course(reading, course[0]):
        yield course[0]
    begun = phrases.ONSET.search(clause.text)
    if begun and any(not covers(token, reading.licensed) for token in tokens(begun["what"])):
        yield begun[0]


def _circumstances(reading: Reading, clause: Clause) -> Iterable[str]:
    """Find when something happens, how long or how often, and what it is like, without grounds."""
    match = phrases.CIRCUMSTANCE.search(clause.text)
    if match and _depends(reading, clause, match):
        yield match[0]
    vague = phrases.VAGUE_TIME.search(clause.text)
    if vague and not phrases.WAITING.search(clause.text) and not _is_dated(reading, vague):
        yield vague[0]
    always = phrases.ALWAYS.search(clause.text)
    if always and _is_exaggerated(reading, clause, always[0]):
        yield always[0]
    yield from _predicates(reading, clause)


def _depends(reading: Reading, clause: Clause, match: re.Match[str]) -> bool:
    """Return whether a complaint is said to depend on something new."""
    acts = phrases.ACTING.search(clause.text[: match.start()]) and not is_medical(clause)
    if acts or phrases.PLAN.search(clause.text):
        return False
    return any(is_claim(token) or not token.concepts for token in reading.new(match[0], depends=True))


def _is_exaggerated(reading: Reading, clause: Clause, always: str) -> bool:
    """Return whether something never stops that happens at times."""
    at_times = phrases.AT_TIMES.search(reading.heard) and always not in reading.heard
    about = is_medical(clause) or phrases.HOW_OFTEN.search(reading.doctor)
    return bool(at_times) and bool(about) and not re.search(r"\bnot\b", clause.text)


def _is_known_course(reading: Reading, course: str) -> bool:
    """Return whether somebody said that the complaint changes, or that it changes in this way."""
    known = [token for token in tokens(course) if token.concepts - {"quality:most"}]
    licensed = bool(known) and not any(reading.is_new(token) for token in known)
    return licensed or course in reading.heard or bool(phrases.COURSE.search(reading.heard))


def _is_dated(reading: Reading, vague: re.Match[str]) -> bool:
    """Return whether somebody said how long something has lasted."""
    unit = re.search(_UNITS, vague[0])
    times = [quantity.written for quantity in reading.amounts if quantity.unit == "days"]
    return vague[0] in reading.heard or bool(re.search(unit[0], reading.heard) if unit else times)


def _predicates(reading: Reading, clause: Clause) -> Iterable[str]:
    """Find what a part of the body or a sign is said to be or do, in unknown words."""
    for token in reading.new(clause.text):
        if token.concepts:
            continue
        before = clause.text.partition(f" {token.word}")[0]
        if phrases.SIMILE.search(f"{before} ") or phrases.LIKE.search(before):
            continue
        if (
            (_is_had(token, before) and is_medical(clause))
            or phrases.LOOKS.search(before)
            or (phrases.IS.search(before) and any(one.classes & {"body", "sign"} for one in tokens(before)))
        ):
            yield spelt(token)


def _is_had(token: Token, before: str) -> bool:
    """Return whether a word is what somebody has, and not the verb of "I have driven"."""
    match = phrases.HAS.search(before)
    verb = match and re.fullmatch(r"(?:have|has|had)", match[0].strip()) and re.search(r"(?:ed|en|wn)$", token.word)
    return bool(match) and not verb


def _suspected(reading: Reading, clause: Clause) -> Iterable[str]:
    """Find a disease of unknown name in a question: "Are you sure it isn't a torn cuff?"."""
    match = phrases.SUSPECTED.search(clause.text)
    if match and any(not token.concepts for token in reading.new(match[0])):
        yield match[0]
