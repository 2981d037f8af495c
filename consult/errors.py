"""The one base of everything that is a user's mistake rather than a defect."""


class UserError(Exception):
    """A user's mistake; the message is one sentence that names the thing and the mend."""
