"""Write a text in a normal form: plain letters, contractions written out, number words as digits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = dict(
    zip(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], range(20, 100, 10), strict=True)
)
_ONE_OF_TENS = "|".join(_TENS)
_DIGIT = "|".join(_ONES[1:10])
_SMALL = "|".join(_ONES[10:])
TIME_UNITS = {
    "minute": 1 / 1440, "hour": 1 / 24, "day": 1.0, "week": 7.0, "fortnight": 14.0, "month": 30.4, "year": 365.0,
    "decade": 3650.0, "min": 1 / 1440, "hr": 1 / 24,
    "second": 1 / 86400, "sec": 1 / 86400,
}  # fmt: skip
"""Unit → days."""
_MEASURE = "litre|liter|gram|pint|kilo|mile|stone|metre|meter|centimetre|centimeter|inch|tablet|pill|glass"
_NTH = {"third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5}
_UNIT = "|".join(unit for unit in TIME_UNITS if unit not in ("second", "sec"))
_SENSES = "(?:see|hear|sleep|breathe|eat|walk|smell|taste|swallow|move|speak|talk|remember|think)"
_ABLY = "(?:can|could|still|do|does|am able to|is able to)"
_FINE = "(?:fine|ok|okay|alright|all right|normally|clearly|perfectly|well)"
_YOUNG = (
    r"(?:an? |just |only |very |really |little |small |young )*(?:child|kid|boy|girl|baby|toddler|little|small|young)"
)
_VERY = "(?:really|very|so|pretty|quite|rather|just|kind of|sort of|a bit|a little|extremely|awfully|terribly)"
_CONTRACTIONS = (
    (r"\bcan't\b|\bcannot\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"\bain't\b", "is not"),
    (r"n't\b", " not"),
    (r"\bi'm\b", "i am"),
    (r"'ve\b", " have"),
    (r"'re\b", " are"),
    (r"'ll\b", " will"),
    (r"'d\b", " would"),
    (r"\blet's\b", "let us"),
    (
        r"\b(?:lost|lose|losing) (?:all )?(?:my|his|her|the) (?:sense of )?(?=smell|taste|appetite|hearing"
        r"|sight)",
        "no ",
    ),
    (
        r"(?<=[a-z]{2})'s(?= (?:gone|been|got|getting|become|not|no|a|an|all|so|very|quite|really|too|fine|ok|okay"
        r"|good|bad|normal|the|in|on|at|worse|better|always|never|just|still|also|\w{3,}ing|\w{3,}ed|\w{3,}en)\b)",
        " is",
    ),
    (r"\b(?:teetotal(?:l?er)?|tee total|an abstainer)\b", "not drink alcohol"),
    (r"\b(?:a )?non smoker\b", "not smoke"),
    (r"\bpainless(?:ly)?\b|\bpain free\b|\bfree of pain\b", "no pain"),
    (r"\bthe day before yesterday\b", "2 days ago"),
    (r"\b(?:can|could|do|does|did) not (?:\w+ )?remember\b|\bno memory of\b", "forget"),
    (r"\bdown (?=(?:by )?(?:\w+ )?\w+ (?:kilos?|kg|pounds?|stone|kilograms?|lbs?)\b)", "lost "),
    (
        r"\b(?:(?:that|it|which) (?:has |have )?)?(?:(?:does|did|done|do|doing) (?:absolutely |precisely )?nothing"
        r"(?: (?:for|to) (?:it|me|him|her|them|us|that|the \w+))?|might (?:just )?as well (?:not )?have \w+"
        r"|(?:an? )?(?:complete |total |utter )?waste of (?:time|money)|(?:fat lot of|no|not much|not any)"
        r" (?:use|good|joy|luck|effect)(?! (?:at|in|with|for|as)\b)|(?:made|makes|make) no difference"
        r"|(?:was|is|were|been) useless)\b",
        "did not help",
    ),
    (r"\bunable to\b|\bnot able to\b|\b(?:has|have|had) (?:lost the ability|no way) to\b", "can not"),
    (r"\brefus(?:es?|ed|ing) to\b", "will not"),
    (r"\bfail(?:s|ed|ing)? to\b", "does not"),
    (r"\btoo \w+ to (?=sleep|eat|walk|move|swallow|breathe|work|talk|touch|stand|bear|lie|sit)", "can not "),
    (r"\b(?:stops?|stopped|keeps?|kept|prevents?) (?:me|him|her|us) from (?=\w+ing\b)", "can not "),
    (
        r"\bnot (?:been )?(?:(?:very|too|so|that|all that) )?(\w+ing |\w+ )?(?:well|good|great)\b(?! (?:for|with"
        r"|at))",
        r"\1badly",
    ),
    (
        r"\b(?:stay|stayed|remained|was|am|is|kept) (?:fully |wide |completely )?(?:conscious"
        r"|awake)\b(?= the whole| throughout| all)",
        "did not faint",
    ),
    (
        r"\b(g[ia]ven?|giving|picked|put|turned|throw|threw|thrown|brought|bring|cough|coughed|sets?|cut"
        r"|washed) (it|them|him|her|that|this|all that) (up|off|out|on|down|away|back)\b",
        r"\1 \3 \2",
    ),
    (r"\bnot (?:\w+ )?as (?:much|many|often)(?: as)?\b", "less than"),
    (
        r"\bappetite (?:is|was|has|has been|has got)(?: just| completely| all)? (?:very |rather "
        r"|quite )?(?:poor|bad|gone|disappeared|vanished)\b|\bpoor appetite\b",
        "no appetite",
    ),
    (r"\boff (?:my|his|her|their) food\b", "no appetite"),
    (
        r"\b(?:(?:just|exactly|much|about|pretty much|still) )*(?:the )?same as (?:ever|always|before|usual"
        r"|normal)\b",
        "normal",
    ),
    (
        r"\bno different (?:from|to|than) (?:before|usual|normal)\b|\bunchanged\b|\bas (?:good|fine|clear"
        r"|strong|well|sharp|healthy|right) as (?:ever|always|before|usual)\b",
        "normal",
    ),
    (
        rf"\bnot ({_SENSES}) (?:(?:so|too|very|that|all that|as|quite) )?(?:well|good|great|clearly|properly)\b",
        r"\1 badly",
    ),
    (rf"\b(?:{_ABLY} )*see (?:(?:just|perfectly|quite|still|everything|absolutely) )*({_FINE})\b", r"vision \1"),
    (rf"\b(?:{_ABLY} )*hear (?:(?:just|perfectly|quite|still|everything|absolutely) )*({_FINE})\b", r"hearing \1"),
    (rf"\b(?:ever )?since (?:i|he|she) (?:was|were) {_YOUNG}\b", "since childhood"),
    (rf"\b(?:as|when (?:i|he|she) (?:was|were)) {_YOUNG}\b", "in childhood"),
    (
        r"\b(?:from )?(?:morning|dawn|dusk|sunrise) (?:till|til|to|until) (?:night|evening|dusk|dawn|sunset)\b",
        "all day",
    ),
    (r"\bday in,? day out\b", "every day"),
    (r"\b(?:out|short) of puff\b", "out of breath"),
    (r"\blower arms?\b", "forearm"),
    (r"\b(?:get|gets|getting|got) (?:up )?(?:to|on) (?:my|his|her) feet\b", "stand up"),
    (r"\byesterday (?:evening|night)\b", "last night"),
    (
        r"\b(?:at the age of|aged|when (?:i|he|she) (?:was|were)) (?=\d|[a-z]+teen\b|ten\b|eleven\b|twelve\b|twenty)",
        "at age ",
    ),
    (
        r"\bwithout (?:even |really )?(?:trying|meaning to|wanting to|dieting|a diet)(?: to)?\b"
        r"|\b(?:have|has|had|was|am|is|were) not (?:even |really )?(?:been )?(?:trying(?: to)?|dieting|on a diet)\b",
        "by accident",
    ),
    (r"\bhardly ever\b|\balmost never\b|\bonce in a blue moon\b", "rarely"),
    (r"\bthan (?:is )?(?:normal|(?:i|he|she|they) (?:normally|usually|ever) (?:would|do|does|did))\b", "than usual"),
    (r"\b(?:sle(?:ep|eps|pt) )?(?:like a (?:log|baby|top|lamb)|like the dead)\b", "sleep well"),
    (rf"\b(feel|feels|feeling|felt|am|was|been) (?:{_VERY} )+(?=down\b|low\b|sick\b|blue\b)", r"\1 "),
    (
        r"\b(in|since|last|from|until|till|early|late|of|mid|by|around|about|this|next|every|end of"
        r"|beginning of) may\b"
        r"(?! (?:i|we|be|have|not)\b)",
        r"\1 may_month",
    ),
    (r"\b(back|front|inside|tip|sole|palm|heel)s of (?=my|his|her|their|the|your|both)", r"\1 of "),
    (r"\b(ear|tooth|back|stomach|belly|tummy)aches?\b", r"\1 ache"),
    (r"\b(it|that|there|he|she|what|where|how|who|here)'s\b", r"\1 is"),
    (r"(?<=[a-z])'s\b|(?<=s)'(?!\w)", ""),
)


def _packs(match: re.Match[str]) -> str:
    many = 10 if match[0].startswith("half") else 20 * float(match[1] if match.lastindex else 1)
    return f"{many:g} cigarettes"


def _year(match: re.Match[str]) -> str:
    century = 1900 if match[1] == "nineteen" else 2000
    if match[2] in _ONES:
        return str(century + _ONES.index(match[2]))
    return str(century + _TENS[match[2]] + (_ONES.index(match[3]) if match[3] else 0))


def _date(match: re.Match[str]) -> str:
    day = _DAYS.get(match["day"]) or re.sub(r"\D", "", match["day"])
    return f"{day} {match['month']}"


_MONTHS = "january|february|march|april|may_month|may|june|july|august|september|october|november|december"
_ORDINALS = re.findall(
    r"\w+",
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth"
    " sixteenth seventeenth eighteenth nineteenth twentieth",
)
_DAYS = {
    **{word: day for day, word in enumerate(_ORDINALS, 1)},
    **{f"twenty{joint}{word}": 20 + day for day, word in enumerate(_ORDINALS[:9], 1) for joint in "- "},
    **{"thirtieth": 30, "thirty-first": 31, "thirty first": 31},
}
"""Ordinal → day of a month."""
_DAY = "|".join(sorted(_DAYS, key=len, reverse=True)) + r"|\d{1,2}(?:st|nd|rd|th)?"
_NUMBERS = (
    (rf"\b(?:the )?(?P<day>{_DAY}) (?:of )?(?P<month>{_MONTHS})\b", _date),
    (rf"\b(?P<month>{_MONTHS}) (?:the )?(?P<day>{_DAY})\b(?! (?:{_UNIT})s?\b)", _date),
    (rf"\b(nineteen|twenty)[ -]({_SMALL})\b(?! (?:{_UNIT})s?\b)", _year),
    (rf"\b(nineteen|twenty)[ -]({_ONE_OF_TENS})(?:[ -]({_DIGIT}))?\b(?! (?:{_UNIT})s?\b)", _year),
    (rf"\b({_ONE_OF_TENS})[ -]({_DIGIT})\b", lambda m: str(_TENS[m[1]] + _ONES.index(m[2]))),
    (rf"\b({_ONE_OF_TENS})\b", lambda m: str(_TENS[m[1]])),
    (rf"\b(zero|two|three|four|five|six|seven|eight|nine|{_SMALL})\b", lambda m: str(_ONES.index(m[1]))),
    (
        r"\bone(?= point\b)|(?<= point )one\b|(?<=\bhundred and )one\b|(?<=\bhalf past )one\b"
        r"|(?<=\bquarter past )one\b|(?<=\bquarter to )one\b",
        "1",
    ),
    (r"\b(\d+) point (\d(?: \d\b)*)", lambda m: f"{m[1]}.{m[2].replace(' ', '')}"),
    (r"\b(?:one|1) and a half\b", "1.5"),
    (r"\b(\d+) and a half\b", r"\1.5"),
    (rf"\b(\d+) ({_UNIT}|{_MEASURE})s? and a half\b", r"\1.5 \2s"),
    (r"\b(?:the (?:last|past) )?(?:a )?couple (?:of )?(?=(?:\w+ )?\w+s\b|dozen|hundred)", "2 "),
    (r"\b(?:a|one|1) hundred(?: and)? ([1-9]\d?)\b", lambda m: str(100 + int(m[1]))),
    (r"\b(?:a|one|1) hundred\b", "100"),
    (r"\b([1-9]) hundred(?: and)? ([1-9]\d?)\b", lambda m: str(100 * int(m[1]) + int(m[2]))),
    (r"\b(\d+) hundred\b", lambda m: str(100 * int(m[1]))),
    (r"\b(?:a|one)(?= thousand\b)", "1"),
    (r"\b(\d{1,3}) thousand(?: and)? ([1-9]\d{0,2})\b", lambda m: str(1000 * int(m[1]) + int(m[2]))),
    (r"\b(\d{1,3}(?:\.5)?) thousand\b", lambda m: f"{1000 * float(m[1]):.0f}"),
    (r"\bhalf an? dozen\b", "6"),
    (r"\b([2-9]) dozen\b", lambda m: str(12 * int(m[1]))),
    (r"\b(?:a )?dozen\b", "12"),
    (r"(?<![\d/.])(10|\d(?:\.\d)?) ?(?:out of|/|on a scale of) ?10\b(?![/\d])", r"\1"),
    (r"\b(\d+) ?(?:out of|on a scale of) ?100\b", r"\1"),
    (r"\b(?:a )?pair of (?=\w+s\b)", "2 "),
    (r"\btwice\b", "2 times"),
    (r"\bthrice\b", "3 times"),
    (r"\b(?:3|three) quarters of a year\b", "9 months"),
    (r"\bhalf a decade\b", "5 years"),
    (r"\bhalf a year\b", "6 months"),
    (r"\bhalf past (\d\d?)\b", r"\1:30"),
    (r"\b(?:a )?quarter past (\d\d?)\b", r"\1:15"),
    (r"\b(?:a )?quarter to (\d\d?)\b", lambda m: f"{(int(m[1]) - 2) % 12 + 1}:45"),
    (r"\b(1[3-9]|2[0-3])(?=:[0-5]\d\b)", lambda m: str(int(m[1]) - 12)),
    (r"\b(?:a )?quarter of an? (?=litre|liter|tablet|pill|pint)", "0.25 "),
    (r"\b(?:a |one |1 )pack(?:et)? and a half\b", "30 cigarettes"),
    (rf"\b(?:an?|one|1) ({_MEASURE}) and a half\b", r"1.5 \1"),
    (r"\b50 ?(?:%|percent|per cent)(?: of)?(?!\w)", "half"),
    (r"\b(he|she) is (\d\d?)(?= ?(?:[.,](?!\d)|[!;]|now\b|$))", r"\1 is \2 years old"),
    (r"(?:^|(?<=[.!?,] ))daily(?= ?(?:[.,!]|$))", "every day"),
    (
        r"\bevery (third|fourth|fifth|3rd|4th|5th) (day|night|week|month|year)\b",
        lambda m: f"every {_NTH[m[1]]} {m[2]}s",
    ),
    (r"\bhalf an hour\b", "30 minutes"),
    (r"\b(?:3|three) quarters of an hour\b", "45 minutes"),
    (r"\b(?:a )?quarter of an hour\b", "15 minutes"),
    (r"\b(?:a |half a )pack(?:et)?(?= (?:of cigarettes|of fags|of smokes|a day|per day|daily|every day))", _packs),
    (
        r"(?<![\d.])(\d+(?:\.\d)?) pack(?:et)?s?(?= (?:of cigarettes|of fags|of smokes|a day|per day|daily|every day))",
        _packs,
    ),
    (r"\b(?:a )?pair of (?=(?:them|those|these)\b)", "2 of "),
    (r"\b(\d+(?:\.\d+)?) ?(?:°|degrees?)? ?(?:f|fahrenheit)\b", lambda m: f"{(float(m[1]) - 32) / 1.8:.1f} degrees"),
    (
        r"\b(\d+(?:\.\d+)?) ?(?:° ?|degrees? |(?=c\b|celsius|centigrade))(?:c|celsius"
        r"|centigrade)?(?!\w)",
        r"\1 degrees ",
    ),
    (rf"\b(?:an?|one|1) ({_UNIT}) and a half\b", r"1.5 \1"),
    (r"\b1/2 (?:an? )?", "0.5 "),
    (rf"\bhalf (?:an? )?(?=(?:milligram|mg|kg|cm|mm|ml|g|l|pound|day|month|{_MEASURE})s?\b)", "0.5 "),
    (r"\bhalf a minute\b", "30 seconds"),
    (r"\b(?:one|a) ([1-9]\d)(?= over\b)", r"1\1"),
    (rf"\b(?:a|an|one)(?: (?:whole|full|good|solid|single))? ({_UNIT})\b", r"1 \1"),
    (rf"\b(?:for|in|over|this) the (?:last |past )?({_UNIT})\b", r"for 1 \1"),
    (rf"\b(?:about|roughly|around|past) (?:last |past )?({_UNIT})\b", r"1 \1"),
    (r"\b(?:one|\d) (?:at a|by) (?:time|one|\d)\b", "each"),
    (
        r"\b(?:an?|one) (?=(?:centimet|millimet|kilomet|met)(?:re|er)\b|(?:cm|mm|inch|foot|mile|kilo|kilogram"
        r"|kg|pound"
        r"|stone|litre|liter|degree|pint|milligram|mg|gram)\b)",
        "1 ",
    ),
    (r"\bfirst thing in\b", "in"),
)


_REPLACED: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = tuple(
    (re.compile(pattern), written) for pattern, written in (*_CONTRACTIONS, *_NUMBERS)
)


def plain(text: str) -> str:
    """Return a text with plain letters and digits, without invisible characters, and with words for medical emoji."""
    shown = text
    if not text.isascii():
        for sign, word in _FRACTIONS:
            text = re.sub(sign, word, text)
        shown = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
        for sign, word in _EMOJI.items():
            shown = shown.replace(sign, f" , {word} , ")
    return re.sub(r"\b(?:[a-zA-Z][-.]){3,}[a-zA-Z]\b", lambda match: re.sub(r"[-.]", "", match[0]), shown)


_FRACTIONS = (
    (r"(?<=\d)\s?\u00bd", ".5"),
    ("\u00bd", " half "),
    ("\u00bc", " a quarter "),
    ("\u00be", " three quarters "),
    ("[\u00b5\u03bc](?=[gmlL])", "u"),
)
"""Signs for fractions and micro-, which NFKC normalisation would turn into other digits and letters."""
_EMOJI = {
    "\U0001f92e": "vomiting", "\U0001f922": "nausea", "\U0001f912": "fever", "\U0001f927": "sneezing",
    "\U0001fa78": "blood", "\U0001f48a": "pills", "\U0001f489": "injection", "\U0001f976": "chills",
    "\U0001f635": "dizzy", "\U0001f634": "sleep", "\U0001fa79": "plaster", "\U0001f6ac": "smoking",
    "\U0001f377": "wine", "\U0001f37a": "beer", "\U0001f930": "pregnant",
}  # fmt: skip
"""Emoji that make a claim, in words; other emoji claim nothing."""


def scripts(text: str) -> set[str]:
    """Return the scripts of a text's letters, such as `LATIN`; a micro sign belongs to none."""
    return {unicodedata.name(c, "").partition(" ")[0] for c in text if c.isalpha()} - {"MICRO", ""}


@lru_cache(maxsize=4096)
def normalised(text: str) -> str:
    """Return a text in lower case, with contractions written out and number words as digits."""
    text = plain(text).lower().translate(_PLAIN)
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", re.sub(r"\b(\d{1,3}),(\d)\b(?!,)", r"\1.\2", text))
    text = re.sub(r"\.{2,}|\u2026|[\u2013\u2014]|(?<=\s)-+(?=\s)", " , ", text)
    for pattern, written in _REPLACED:
        text = pattern.sub(written, text)
    return re.sub(r"(?<=[a-z])-(?=[a-z])", " ", text)


_PLAIN = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")
