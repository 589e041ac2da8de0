"""Names of instances."""

from reconciler.model.resource import ResourceKey


def instance_name(
    stack: str, key: ResourceKey, ordinal: int, revision: str, attempt: int, *, singleton: bool
) -> str:
    """``<stack>-<service>-<ordinal>-<revision>-<attempt>``.

    It follows from what is observed and is never changed, so that a lost reply or a rival
    gets a conflict and looks again. A singleton's name is always the same: unique names are
    then what keeps two of them from being there at once.
    """
    if singleton:
        return f"{stack}-{key.base_name}"
    return f"{stack}-{key.base_name}-{ordinal}-{revision}-{attempt}"
