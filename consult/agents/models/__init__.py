"""Model backends, one file each; `open_model` turns a reference into one."""

from consult.agents.models.model import (
    ROLES,
    Choice,
    ConcurrentModel,
    Message,
    Model,
    ModelError,
    ModelGoneError,
    ModelInfo,
    Prompt,
    Reply,
    Request,
    Role,
)
from consult.agents.models.registry import Opener, close_model, open_checked, open_model, revision_at

__all__ = [
    "ROLES",
    "Choice",
    "ConcurrentModel",
    "Message",
    "Model",
    "ModelError",
    "ModelGoneError",
    "ModelInfo",
    "Opener",
    "Prompt",
    "Reply",
    "Request",
    "Role",
    "close_model",
    "open_checked",
    "open_model",
    "revision_at",
]
