"""Only where it was asked for: `make test-containers` names this folder, the ordinary tests leave it out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.containers.deployment import Deployment, built_images, running_deployment


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """County, town and village of one tenant, each a project of its own on networks of its own."""
    built_images(tmp_path_factory.mktemp("wheels"))
    with running_deployment(tmp_path_factory.mktemp("deployment")) as running:
        yield running
