"""The models of a run, each opened once however many roles share it, and a client for each role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from consult.agents.assessors.judge import TEMPERATURE, Judge, check_judge
from consult.agents.choices import SPEAKING_ROLES, STRATEGY_RULES
from consult.agents.exchange import WITHOUT_PROMPT, Record
from consult.agents.experts.classifier import Classifier, open_classifier
from consult.agents.models import Model, ModelError, ModelInfo, Role, close_model, open_model
from consult.agents.models.human import PERSONS, Person, person
from consult.agents.models.replicas.group import ReplicatedModel
from consult.agents.prompt import PLAIN, PromptTexts
from consult.agents.roles.checker import Checker, can_check, refuse_checker
from consult.agents.roles.client import RoleClient, Sampling
from consult.agents.roles.talk import refuse_extractor
from consult.envs.batcher import Batcher
from consult.envs.classifier_predictions import classifier_name
from consult.envs.config import RoleConfig, RunConfig
from consult.envs.graph import RoleModels
from consult.envs.roles import JUDGE, doctors, plays, references, roles

Opener = Callable[[str], Model]


@dataclass(frozen=True)
class Models:
    """The opened models of a run, by reference."""

    by_reference: Mapping[str, Model | Person]
    classifier: Classifier | None = None
    """The classifier for the strategy `expert`."""

    @classmethod
    def open(cls, config: RunConfig, *others: RunConfig, opener: Opener = open_model) -> Models:
        """Open every model that the configurations name, each once; there can be only one classifier.

        Raises:
            ModelError: A model cannot be opened.
        """
        opened: dict[str, Model | Person] = {}
        try:
            for reference in references(config, *others):
                opened[reference] = person(reference) if reference in PERSONS else opener(reference)
            asked = next((one.classifier for one in (config, *others) if one.asks_classifier), None)
            return cls(opened, open_classifier(asked) if asked is not None else None)
        except BaseException:
            cls(opened).close()
            raise

    def close(self) -> None:
        """Release the backends' resources, and cancel their pending work."""
        for model in self.by_reference.values():
            close_model(model)

    @property
    def replicas(self) -> int:
        """Return how often each model with local weights is loaded; 0 if it is loaded once, in this process."""
        loaded = [model.replicas for model in self.by_reference.values() if isinstance(model, ReplicatedModel)]
        return max(loaded, default=0)

    def described(self, config: RunConfig) -> dict[str, str]:
        """Return role → reference and revision, for the store."""
        named = {}
        for name, role in roles(config).items():
            info = self.by_reference[role.model].info
            named[name] = f"{role.model}@{info.revision}" if info.revision else role.model
        if config.asks_classifier and self.classifier is not None:
            named["classifier"] = classifier_name(self.classifier)
        return named

    def sees(self, config: RunConfig) -> dict[str, bool]:
        """Return doctor role → whether its model takes photographs."""
        return {name: self.by_reference[role.model].info.sees for name, role in doctors(config).items()}

    def prompt_revision(self, config: RunConfig) -> str | None:
        """Return the revision of the prompts that the run's models read; None if none reads the plain format's."""
        players = (role for name, role in roles(config).items() if name != JUDGE)
        infos = [self.by_reference[role.model].info for role in players]
        reads = any(info.dialect == PLAIN and info.backend not in WITHOUT_PROMPT for info in infos)
        return PromptTexts(config.prompt_texts).revision if reads else None

    def demonstrates(self, config: RunConfig) -> bool:
        """Return whether the starter, or another model of its kind, plays a doctor."""
        return any(self.by_reference[role.model].info.dialect == "starter" for role in doctors(config).values())

    def judge(self, config: RunConfig, batcher: Batcher, record: Record | None = None) -> Judge | None:
        """Return the judge of open diagnoses; None if the run has none.

        Raises:
            ModelError: The model was not trained to judge.
        """
        if config.judge is None:
            return None
        model = self.by_reference[config.judge.model]
        if isinstance(model, Person):
            raise ModelError(f"'{config.judge.model}' cannot judge; name a model with --judge")
        return judge_of(model, batcher, config.judge.model, record)

    def checker(self, config: RunConfig, batcher: Batcher, record: Record | None = None) -> Checker | None:
        """Return the checker of the patient's lines; None leaves it to the rules.

        Raises:
            ModelError: The model was not trained to check lines.
        """
        if config.checker is None or not config.patient_grounding:
            return None
        model = self.by_reference[config.checker.model]
        if isinstance(model, Person):
            raise ModelError(f"'{config.checker.model}' cannot check lines; name a model with --checker, or rules")
        if config.checker.model == config.patient.model and not can_check(model):
            # The patient's model in its own folder may be of the starter's kind, whose lines a program fills.
            return None
        return checker_of(model, batcher, config.checker.model, record)

    def extractor(self, config: RunConfig, batcher: Batcher, record: Record | None = None) -> RoleClient | None:
        """Return the client that reads a free talk's final diagnosis; None to search for the labels.

        Raises:
            ModelError: The model does not read instructions.
        """
        if config.extractor is None:
            return None
        model = self.by_reference[config.extractor.model]
        if isinstance(model, Person):
            raise ModelError(f"'{config.extractor.model}' cannot extract a diagnosis; name a model with --extractor")
        refuse_extractor(model)
        return RoleClient("assessor", model.info, batcher.for_model(model), Sampling(), record)

    def role_models(self, config: RunConfig, batcher: Batcher, record: Record | None = None) -> RoleModels:
        """Return the clients of the roles; `record` is called with their exchanges."""
        texts = PromptTexts(config.prompt_texts)

        def client(role: Role, chosen: RoleConfig) -> RoleClient:
            model = self.by_reference[chosen.model]
            thinks = thinks_first(role, chosen, model.info, config)
            sampling = Sampling(chosen.temperature, chosen.top_p, chosen.max_tokens, thinks)
            generate = batcher.for_person(model) if isinstance(model, Person) else batcher.for_model(model)
            return RoleClient(role, model.info, generate, sampling, record, texts=texts)

        def specialist(specialty: str) -> RoleClient:
            return client("specialist", config.specialists.get(specialty, config.specialist))

        return RoleModels(
            speakers={name: client(name, getattr(config, name)) for name in SPEAKING_ROLES if plays(name, config)},
            specialist=specialist,
            together=batcher.together,
            grounded=config.patient_grounding,
            checker=self.checker(config, batcher, record),
            votes=config.votes,
            extractor=self.extractor(config, batcher, record),
            picture_width=config.picture_width,
            panel_skill=config.panel_skill,
        )


def thinks_first(role: Role, chosen: RoleConfig, info: ModelInfo, config: RunConfig) -> bool:
    """Return whether a role's model thinks privately, in room of its own, before it answers."""
    state = info.details.get("thinking", "none")
    if chosen.thinking == "on" or state == "always on":
        return True
    reasons = STRATEGY_RULES[config.strategy].thinks and role != "patient"
    return chosen.thinking == "auto" and reasons and state == "can be switched"


def checker_of(model: Model, batcher: Batcher, reference: str = "", record: Record | None = None) -> Checker:
    """Return a model as a checker of patients' lines; the arguments are those of `judge_of`.

    Raises:
        ModelError: The model was not trained to check lines.
    """
    refuse_checker(model)
    return Checker(
        RoleClient("assessor", model.info, batcher.for_model(model), Sampling(), record), _named(model, reference)
    )


def _named(model: Model, reference: str) -> str:
    named = reference or model.info.reference
    return f"{named}@{model.info.revision}" if model.info.revision else named


def judge_of(model: Model, batcher: Batcher, reference: str = "", record: Record | None = None) -> Judge:
    """Return a model as a judge.

    Args:
        model: The opened model.
        batcher: Batches its requests.
        reference: The reference as the user gave it; by default the model's own.
        record: Called with each of its exchanges.

    Raises:
        ModelError: The model was not trained to judge.
    """
    check_judge(model)
    client = RoleClient("assessor", model.info, batcher.for_model(model), Sampling(TEMPERATURE), record)
    return Judge(client, _named(model, reference))
