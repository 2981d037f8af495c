r"""Show text from outside: names, paths, values of files, replies of models, messages of servers, the environment.

Such text may contain terminal escapes, control characters, marks that hide or reorder what is read, and keys. Whatever
prints it uses this module: `harmless` in a terminal, `one_line` in a line, `as_html` on a page, `sentence` in an error.
"""

from __future__ import annotations

import datetime
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from html import escape

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.")
_UNSEEN = (
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ud800-\udfff"
    r"\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
)
"""Invisible and direction marks, soft hyphens, and halves of surrogate pairs, which no UTF-8 file can contain."""
_INVISIBLE = re.compile(f"[{_UNSEEN}]")
_CONTROLS = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{_UNSEEN}]")
_JOINERS = "\u200c\u200d"
_JOINING = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u17ff\u1800-\u18af\u1a00-\u1aff\ua840-\ua87f\ua8e0-\ua9df"
    "\uaa60-\uaa7f\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefe\U00010a00-\U00010eff\U00011000-\U00011fff]"
)
"""Scripts in which a joiner shapes the letter before it: Arabic, Indic and their relatives."""
FAMILIES = {
    "ChatML and most others, also Llama 3, Phi, GLM, Command, Granite, gpt-oss; Qwen's pictures": r"<\|[^|<>]{1,40}\|>",
    "Gemma 4": r"<\|[a-z_]{2,24}>|<[a-z_]{2,24}\|>",
    "DeepSeek, with full-width bars": r"<\uff5c[^\uff5c<>]{1,40}\uff5c>",
    "Llama 2 and Mistral": r"</?s>|<</?SYS>>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|"
    r"TOOL_CONTENT|ARGS|CALL_ID|PREFIX|SUFFIX|MIDDLE|IMG|IMG_BREAK|IMG_END|AUDIO|BEGIN_AUDIO)\]",
    "Gemma": r"<bos>|<eos>|<pad>|<unk>|<mask>|<end_of_turn>|<start_of_turn>\w*|<(?:start|end)_of_(?:image|audio)>|"
    r"<(?:image|audio)_soft_token>|<unused\d+>|<\[@BOS@\]>",
    "PaliGemma": r"<loc\d{4}>|<seg\d{3}>",
    "LLaVA and others with pictures": r"</?(?:image|video|audio|img)>|<im_(?:start|end|patch)>|<image_placeholder>|"
    r"<image_(?:newline|pad)>|</?image_id>|</?slice>|<IMG_CONTEXT>|</?(?:box|ref|quad)>",
    "Idefics and SmolVLM": r"<fake_token_around_image>|<global-img>|<row_\d+_col_\d+>|<end_of_utterance>",
    "tools": r"</?tool_(?:call|response)s?>|</?tools>",
    "BERT and T5": r"\[(?:CLS|SEP|MASK|PAD|UNK|BOS|EOS)\]|<extra_id_\d+>",
    "Baichuan and others": r"<reserved_\w+>|<\w*_?(?:user|assistant|system)_token>",
}
"""Family of models → its tokens for the structure of a chat and for pictures. Other text in angle brackets stays."""
TOKENS = re.compile("|".join(FAMILIES.values()))
"""Tokens of all families: each is removed from every answer and every prompt, since any model may be behind a role."""


# -- control characters and marks --------------------------------------------------------------------------------------


def without_controls(text: str) -> str:
    """Remove terminal escapes, control characters and invisible marks; keep tabs, line ends and scripts' joiners."""
    return _CONTROLS.sub(_joiner, _ESCAPES.sub("", text))


def without_invisible(text: str) -> str:
    """Remove only invisible marks, joiners with them."""
    return _INVISIBLE.sub("", text)


def without_tokens(text: str) -> str:
    """Replace tokens of language models with spaces, so that removing one makes no other."""
    return TOKENS.sub(" ", text)


def visible(text: str) -> str:
    """Write what `without_controls` would remove as Python escapes, so that nothing is lost or takes effect."""
    return _CONTROLS.sub(lambda match: _joiner(match) or ascii(match.group())[1:-1], text)


def unreadable(text: str) -> tuple[str, str] | None:
    """Find content that no answer of a model can contain, so that no answer could equal the text.

    Returns:
        The content and the fix; None if there is no such content.
    """
    control = next((match for match in _CONTROLS.finditer(text) if not _joiner(match)), None)
    if control is not None:
        before = text[max(0, control.start() - 20) : control.start()]
        where = f" after '{visible(before)}'" if before else ""
        name = f"U+{ord(control.group()):04X}"
        return f"holds a control character or an invisible one, {name}{where}", "type it again without"
    token = TOKENS.search(text)
    if token is not None:
        return f"holds '{token.group()}', a token of language models", "remove it"
    return None


def _joiner(match: re.Match[str]) -> str:
    """Return a joiner that shapes the letter before it or joins two pictographs; else nothing."""
    found = match.group()
    if found not in _JOINERS:
        return ""
    text, at = match.string, match.start()
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if _JOINING.match(before):
        return found
    return found if found == "\u200d" and _is_pictograph(before) and _is_pictograph(after) else ""


def _is_pictograph(character: str) -> bool:
    # Besides symbols, the selector of the coloured form and the skin tones.
    return character == "\ufe0f" or (character != "" and unicodedata.category(character) in ("So", "Sk"))


# -- keys --------------------------------------------------------------------------------------------------------------

MASK = "***"
ENVIRONMENT_KEYS = ("CONSULT_API_KEY", "OPENAI_API_KEY", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_API_KEY")
"""Variables whose values are hidden wherever they occur."""
_SHORTEST_KEY = 6
_REMEMBERED = 200
"""Characters of a short text: pages repeat most of them."""
_HINT = re.compile(
    r"sk-|hf_|gh[pousr]_|_pat_|glpat|xox|akia|aiza|gsk_|nvapi|xai-|r8_|eyJ|bearer|author|key|token|secret|pass|pwd"
    r"|credential|://",
    re.IGNORECASE,
)
"""Part of every text in which `_KEYS` find something: most texts have none."""
_VALUE = r"[^\s\"'&,;<>]+"
_NAME = (
    r"[\w-]{0,40}(?:(?:api|access|secret|private|auth)[ _-]?key|(?<![a-z])token|secret|password|passwd|passphrase|pwd"
    r"|credentials?)"
)
_KEYS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*KEY-----|\Z)", re.DOTALL), MASK),
    # A password in an address; a port before a path is none.
    (re.compile(r"(?<=://)[^\s/?#@:'\"<>]*:(?!\d{1,5}[/?#])[^\s@'\"<>]*@"), f"{MASK}@"),
    (re.compile(r"(?<=://)[^\s/?#@'\"<>]+@"), f"{MASK}@"),
    (
        re.compile(
            r"(?<![A-Za-z0-9])(?:[spr]k-(?=[\w-]*\d)[\w-]{4,}|[spr]k-[\w-]{12,}|hf_\w{8,}|gh[pousr]_\w{16,}"
            r"|github_pat_\w{10,}|glpat-[\w-]{10,}|xox[a-z]-[\w-]{10,}|AKIA[0-9A-Z]{12,}|AIza[\w-]{20,}|gsk_\w{10,}"
            r"|nvapi-[\w-]{10,}|xai-\w{10,}|r8_\w{20,}|eyJ[\w-]{6,}\.[\w-]{4,}(?:\.[\w-]*)?)"
        ),
        MASK,
    ),
    (
        re.compile(r"(?i)\b((?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?)(?:(?:bearer|basic|token) +)?" + _VALUE),
        rf"\1{MASK}",
    ),
    (re.compile(r"\b(Bearer[ +]+)(?!(?:token|auth|scheme)\w*\b)[\w.~+/=-]{4,}"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(bearer[ +]+)(?:(?=[\w.~+/=-]*\d)[\w.~+/=-]{6,}|[\w.~+/=-]{20,})"), rf"\1{MASK}"),
    (re.compile(rf"(?i)(?<!\w)({_NAME}[\"']\s*[:=]\s*[\"']?)(?!\*\*\*){_VALUE}"), rf"\1{MASK}"),
    (re.compile(rf"(?i)(?<!\w)({_NAME}\s*=\s*[\"']?)(?!\*\*\*){_VALUE}"), rf"\1{MASK}"),
    (
        re.compile(rf"(?i)((?:api|access|secret|private)[ _-]?key(?: provided| given| is)?\s*:\s*)(?!\*\*\*){_VALUE}"),
        rf"\1{MASK}",
    ),
    # In prose a word with a colon need not be a password: "secret: I drink".
    (
        re.compile(rf"(?i)(?<!\w)({_NAME}\s*:\s*[\"']?)(?!\*\*\*)(?=[^\s\"'&,;<>]*[\d_!$%^])[^\s\"'&,;<>]{{6,}}"),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)(--[\w-]{0,40}(?:api-?key|password|secret|token) +[\"']?)(?!-)" + _VALUE), rf"\1{MASK}"),
    (re.compile(r"(?i)([?&](?:key|sig|signature)=)[^\s&#\"'<>]+"), rf"\1{MASK}"),
)


@lru_cache(maxsize=20_000)
def _hints(text: str) -> bool:
    return _HINT.search(text) is not None


_keys_read: ContextVar[tuple[str, ...] | None] = ContextVar("_keys_read", default=None)
"""The keys of the environment while `environment_read_once` is in force."""


def _environment_keys() -> tuple[str, ...]:
    values = (os.environ.get(name, "").strip() for name in ENVIRONMENT_KEYS)
    return tuple(value for value in values if len(value) >= _SHORTEST_KEY)


@contextmanager
def environment_read_once() -> Iterator[None]:
    """Read the keys of the environment once for all texts of the block: a page shows thousands of them."""
    token = _keys_read.set(_environment_keys())
    try:
        yield
    finally:
        _keys_read.reset(token)


def without_keys(text: str) -> str:
    """Hide what may be a key or a password, and the keys of the environment."""
    if len(text) >= _SHORTEST_KEY:
        read = _keys_read.get()
        for value in _environment_keys() if read is None else read:
            text = text.replace(value, MASK)
    if not (_hints(text) if len(text) <= _REMEMBERED else _HINT.search(text)):
        return text
    for pattern, hidden in _KEYS:
        text = pattern.sub(hidden, text)
    return text


# -- for a terminal, a page and a sentence -----------------------------------------------------------------------------

LONGEST_SPEECH = 4_000
"""Characters of what somebody said that are kept."""
LONGEST_WORD, LONGEST_SENTENCE = 200, 1_000
"""Characters of one value, and of a whole sentence, that an error includes."""
_LONG = re.compile(rf"(?<=')(?<!\w')[^']{{{LONGEST_WORD + 1},}}(?='(?!\w))|\S{{{LONGEST_WORD + 1},}}")
_ACTIVE = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029{_UNSEEN}]")
"""What JSON may hold in a text, and a terminal or a reader of lines should not get."""
_BREAKS = re.compile(r"[\t\r\n\v\f\x85\u2028\u2029]+")
_BROKEN = re.compile(r"(?<![^\s(\[:=])'([^'\t\r\n\v\f\x85\u2028\u2029]*[\t\r\n\v\f\x85\u2028\u2029][^']*)'(?!\w)")
"""A name or value in quotation marks that has a tab or a line end, as a name of a file can."""


def plain(text: str, most: int = LONGEST_SPEECH) -> str:
    """Return what a model, a case or a person said as text alone: nothing that is no text, lines joined, and cut."""
    if text.isascii() and text.isprintable() and "<" not in text and "[" not in text:
        # Most texts: there is nothing to remove, and pages have thousands of them.
        return " ".join(text[: 4 * most].split())[:most]
    # Tokens last: removing something from the middle of one must not create a whole token.
    return " ".join(without_tokens(without_controls(text[: 4 * most])).split())[:most]


def shown(text: str) -> str:
    """Return what a model, a case or a person said for people to read: plain text without keys."""
    return without_keys(plain(text))


def harmless(text: str) -> str:
    """Return text for a terminal: controls as escapes, keys hidden, spaces and line ends as they are."""
    return without_keys(visible(text))


def one_line(text: str, most: int = LONGEST_SENTENCE) -> str:
    """Return text for one line of a terminal, at most so many characters long."""
    said = " ".join(harmless(_BREAKS.sub(" ", text[: 4 * most])).split())
    return said if len(said) <= most else f"{said[: most - 1]}…"


def as_name(text: str) -> str:
    """Return a name or a path for one line: also tabs and line ends are escapes, so that it can be found by them."""
    return harmless(_BREAKS.sub(_as_escapes, text))


def _as_escapes(breaks: re.Match[str]) -> str:
    return ascii(breaks.group())[1:-1]


def as_json(text: str) -> str:
    """Return JSON for a terminal: characters that would have an effect are escaped, and the data is the same."""
    return _ACTIVE.sub(lambda match: "".join(f"\\u{ord(half):04x}" for half in _halves(match.group())), text)


def _halves(character: str) -> str:
    """Split a character beyond the first plane into the pair that JSON writes for it."""
    number = ord(character) - 0x10000
    return character if number < 0 else chr(0xD800 + (number >> 10)) + chr(0xDC00 + (number & 0x3FF))


def as_html(text: str) -> str:
    """Return text for a page, within attributes, too."""
    return escape(harmless(text))


def speech_as_html(text: str) -> str:
    """Return what a model, a case or a person said for a page: plain text without keys."""
    return escape(shown(text))


def sentence(text: str) -> str:
    """Return an error's sentence with its long values shortened; what to do, at its end, is kept."""
    said = _BROKEN.sub(lambda match: f"'{_BREAKS.sub(_as_escapes, match.group(1))}'", text)
    said = harmless(_BREAKS.sub(" ", said))
    said = _LONG.sub(lambda match: shortened(match.group(), LONGEST_WORD), said)
    return shortened(said, LONGEST_SENTENCE)


def shortened(text: str, most: int) -> str:
    """Cut the middle out of a text that has more than so many characters."""
    tail = most // 3
    return text if len(text) <= most else f"{text[: most - tail - 1]}…{text[-tail:]}"


def quoted(value: object, most: int = 60) -> str:
    """Return a value as shown in a sentence: a text in quotation marks, anything else as a file has it."""
    if isinstance(value, str):
        return f"'{shortened(as_name(value[: 4 * most]), most)}'"
    return one_line(_in_a_file(value), most)


def quoted_python(value: object, most: int = 60) -> str:
    """Return a value as shown to someone who wrote Python: a text in quotation marks, anything else as Python does."""
    return quoted(value, most) if isinstance(value, str) else one_line(_in_python(value), most)


def _in_a_file(value: object) -> str:
    """Write a value as TOML, YAML and JSON do, with the entries of lists and tables."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(map(_in_a_file, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key} = {_in_a_file(one)}' for key, one in value.items())}}}"
    return _in_python(value)


def _in_python(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # of an object of the user's
        return f"a {type(value).__name__}"
