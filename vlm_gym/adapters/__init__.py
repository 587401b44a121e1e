"""vlm_gym in agent frameworks: one module each, on the same driver (`vlm_gym.Rollout`), imported only where it is used.

An adapter says how a framework names things; what is played, told, read and paid is what `vlm-gym eval` plays.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from vlm_gym.errors import MissingDependencyError
from vlm_gym.installation import install_hint


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Import a framework in this context: what is missing or damaged is told with the extra that brings it.

    Raises:
        MissingDependencyError: if an import fails.
    """
    try:
        yield
    except ImportError as error:
        package = (error.name or extra).partition(".")[0]
        raise MissingDependencyError(f"{package} is missing or damaged ({error}): {install_hint(extra)}") from error
