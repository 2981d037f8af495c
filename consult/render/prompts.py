r"""What models were asked, in words: for the terminal as lines, for a page as HTML.

Texts stand as they were sent, line by line. Characters that would act in a terminal, or that nobody sees, are written
as escapes such as `\x1b`; `--json` and the Python API have the texts themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consult.counts import count_of
from consult.envs.prompts import (
    NoPromptsError,
    StoredPrompt,
    by_turn,
    is_asked_again,
    prompts_of,
    refuse_without_prompts,
    without_prompt,
)
from consult.envs.store.photographs import stored_photographs
from consult.foreign_text import as_html, visible
from consult.render.terminal import Event, say, styled

if TYPE_CHECKING:
    from rich.console import Console

    from consult.envs.store.rows import Row
    from consult.envs.store.write import Store

BAR = "  │ "
"""Before each line of a text in the terminal."""
_COLOURS = {"accepted": "green", "refused": "yellow", "failed": "red"}
NO_REPLY = "(no reply)"
FEW = 8
"""Options of a choice that are listed; of more, one stands for all."""


def heading(prompt: StoredPrompt) -> str:
    """Name a request: who, what for, and which model."""
    parts = [prompt.role if prompt.role != "specialist" else f"specialist {prompt.member + 1}", prompt.task]
    parts += [f"no. {prompt.member + 1}"] if prompt.member and prompt.role != "specialist" else []
    parts += ["asked again"] if prompt.attempt else []
    return visible(" · ".join([*parts, prompt.model]))


def settings(prompt: StoredPrompt) -> str:
    """List the sampling settings and what the reply was to keep to."""
    parts = [f"temperature {prompt.temperature:g}", f"top-p {prompt.top_p:g}", f"at most {prompt.max_tokens:,} tokens"]
    parts += [f"seed {prompt.seed}"]
    if prompt.grammar is not None:
        choice = prompt.grammar.get("choice")
        held = {None: "", True: ", held to", False: ", not held to"}[prompt.constrained]
        parts.append(f"{'JSON schema' if choice is None else f'choice of {len(choice):,}'}{held}")
    return " · ".join(parts)


def cost(prompt: StoredPrompt) -> str:
    """Return tokens and time."""
    return f"{count_of(prompt.tokens_in, 'token')} in, {prompt.tokens_out:,} out · {prompt.seconds:.2f} s"


def outcome(prompt: StoredPrompt, others: Sequence[StoredPrompt]) -> str:
    """Say what was made of a reply."""
    again = "; asked again" if prompt.outcome != "accepted" and is_asked_again(prompt, others) else ""
    return visible(f"{prompt.outcome}: {prompt.why}" if prompt.why else prompt.outcome) + again


def texts(prompt: StoredPrompt, sizes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """List what was sent and what came back: a label, and the text under it.

    Args:
        prompt: The request.
        sizes: Photograph → its size in words, where it is known.
    """
    for message in prompt.messages:
        shown = "".join(f"  [photograph {name}{sizes.get(name, '')}]" for name in message.images)
        yield f"{message.role}{shown}", message.content
    if prompt.begin:
        yield "beginning of the reply", prompt.begin
    if prompt.grammar is not None:
        yield "the reply is to keep to", kept_to(prompt.grammar)
    if prompt.thought:
        yield "private thought", prompt.thought
    yield "reply", NO_REPLY if prompt.reply is None else prompt.reply


def kept_to(grammar: Mapping[str, Any]) -> str:
    """Return what a reply is to keep to as JSON; of a choice among many, one option, and how the others are seen."""
    options = grammar.get("choice", ())
    if len(options) <= FEW:
        return json.dumps(grammar, ensure_ascii=False)
    parts = [f"one of {len(options):,} texts, for example {json.dumps(options[0], ensure_ascii=False)}"]
    parts += [f"after {json.dumps(grammar['after'], ensure_ascii=False)}"] if grammar.get("after") else []
    parts += [f"drawn at temperature {grammar['temperature']:g}"] if "temperature" in grammar else []
    return f"{', '.join(parts)} (all of them: --prompts --json)"


def photograph_sizes(store: Store) -> dict[str, str]:
    """Map the photographs from outside, which the store keeps, to their sizes in words."""
    kept = stored_photographs(store)
    return {f"own/{one.hash}": f", {one.width} by {one.height} pixels" for one in kept}


@dataclass(frozen=True)
class ShownPrompts:
    """What was asked in one consultation, for those who show it."""

    of_turn: Mapping[int | None, Sequence[StoredPrompt]]
    """Turn → its requests; None → those of judges and assessors."""
    models: Mapping[str, str]
    """Role → reference and revision, of the run."""
    sizes: Mapping[str, str]
    """Photograph → its size in words, where it is known."""
    missing: str = ""
    """Why there are none for this run, in a sentence; else empty."""

    @classmethod
    def of(cls, store: Store, row: Row, run: Row) -> ShownPrompts:
        """Read them from the store; without complaint where a run has none."""
        models, sizes = json.loads(run["models"]), photograph_sizes(store)
        try:
            refuse_without_prompts(run)
        except NoPromptsError as error:
            return cls({}, models, sizes, str(error))
        return cls(by_turn(prompts_of(store, row["id"])), models, sizes)

    def due(self, event: Event) -> list[StoredPrompt]:
        """Return what was asked for an event: a turn, or the end with what is left of a turn that failed."""
        if event["event"] == "turn":
            return list(self.of_turn.get(event["idx"], ()))
        if event["event"] != "consultation":
            return []
        left = [turn for turn in self.of_turn if turn is None or turn >= event["turns"]]
        return [one for turn in sorted(left, key=lambda turn: (turn is None, turn)) for one in self.of_turn[turn]]

    def print_before(self, console: Console, event: Event) -> None:
        """Print what was asked for an event, or why nothing was."""
        due = self.due(event)
        print_prompts(console, due, self.sizes)
        if not due and event["event"] == "turn":
            say(console, styled(f"  ─ {visible(without_prompt(event, self.models))}", "dim"))

    def html_of(self, event: Event) -> str:
        """Return what was asked for an event as a part of a page that opens, or why nothing was."""
        due = self.due(event)
        if due:
            after = event["event"] == "consultation"
            return prompts_html(due, self.sizes, "What was asked after the last turn" if after else "What was asked")
        if self.missing:
            said = f"{self.missing[:1].upper()}{self.missing[1:]}."
            return f'<p class="dim">{as_html(said)}</p>' if event["event"] == "consultation" else ""
        if event["event"] == "consultation":
            return ""
        said = as_html(without_prompt(event, self.models))
        return f'<details class="prompts"><summary>What was asked <small>0</small></summary><p>{said}</p></details>'


def print_prompts(console: Console, prompts: Sequence[StoredPrompt], sizes: Mapping[str, str]) -> None:
    """Print requests and replies as they were."""
    for prompt in prompts:
        console.print(styled(f"  ┌ {heading(prompt)}", "bold blue"), highlight=False, soft_wrap=True)
        _line(console, settings(prompt), "dim")
        for label, text in texts(prompt, sizes):
            _line(console, f"{visible(label)}:", "blue")
            for line in text.split("\n"):
                _line(console, f"  {visible(line)}", "")
        _line(console, cost(prompt), "dim")
        console.print(
            styled("  └ ", "bold blue").append(outcome(prompt, prompts), _COLOURS[prompt.outcome]),
            highlight=False,
            soft_wrap=True,
        )


def _line(console: Console, text: str, style: str) -> None:
    # Not wrapped by the program: a line that is copied is the line that was sent.
    console.print(styled(BAR, "blue").append(text, style), highlight=False, soft_wrap=True)


# -- HTML --------------------------------------------------------------------------------------------------------------


def prompts_html(prompts: Sequence[StoredPrompt], sizes: Mapping[str, str], name: str = "What was asked") -> str:
    """Return requests and replies as a part of a page that opens."""
    asked = "".join(_html(prompt, prompts, sizes) for prompt in prompts)
    count = f" <small>{len(prompts)}</small>"
    return f'<details class="prompts"><summary>{as_html(name)}{count}</summary>{asked}</details>'


def _html(prompt: StoredPrompt, others: Sequence[StoredPrompt], sizes: Mapping[str, str]) -> str:
    # A newline at once after <pre> is not shown, so that one more is written.
    blocks = "".join(f"<h4>{as_html(label)}</h4><pre>\n{as_html(text)}</pre>" for label, text in texts(prompt, sizes))
    came = f'<p class="{prompt.outcome}">{as_html(outcome(prompt, others))} <span class="dim">{cost(prompt)}</span></p>'
    head = f'<h3>{as_html(heading(prompt))}</h3><p class="dim">{as_html(settings(prompt))}</p>'
    return f"<article>{head}{blocks}{came}</article>"
