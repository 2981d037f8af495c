"""Made outcomes for the tests of measures."""

from consult.envs.metrics import Outcome

PLAIN = dict(
    temperament="sanguine",
    repeat=0,
    status="finished",
    specialty=None,
    urgency=None,
    words=None,
    true_specialty=None,
    true_urgency=None,
    style=None,
    skin_type=None,
    demo=False,
    confidence=None,
    differential=(),
    opinions=(),
    vote=None,
    turns=0,
    tokens_in=0,
    tokens_out=0,
    seconds=0.0,
)


def outcome(number, truth, diagnosis, **more):
    """Make one; `case` is its number unless given."""
    right = None if truth is None else diagnosis == truth
    given = {"words": diagnosis, "case": f"c{number}", "correct": right, "correct_by": right and "match", **more}
    return Outcome(**{**PLAIN, "id": f"r1.{number}", "truth": truth, "diagnosis": diagnosis, **given})
