"""An answer that comes too late is refused by the server; that is no mistake of the configuration."""

from __future__ import annotations

import nats.errors

from bancheng.federation.faults import Faults
from bancheng.schema.subjects import inbox_prefix, log_subject


def violation(subject: str) -> nats.errors.Error:
    """As the client hands it on: it folds the server's words."""
    return nats.errors.Error(f'permissions violation for publish to "{subject.lower()}"')


def test_an_answer_that_came_too_late_is_not_kept_as_a_configuration_error() -> None:
    """A site that was stopped in its tracks answers an asker that is gone; nothing would ever clear the fault."""
    faults = Faults("330109/county")
    faults.hear(violation(f"{inbox_prefix('town')}.abc.def"))
    assert faults.kept == ()
    faults.hear(violation(log_subject("330109", "town", "up")))
    assert [fault.code for fault in faults.kept] == ["nats.forbidden"]
