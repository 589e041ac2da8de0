"""The Docker target: one engine, whose containers, networks and volumes a stack owns.

Nothing is imported here, so that `reconciler.targets.docker.block` can be used without
the SDK.
"""
