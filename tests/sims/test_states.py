"""The states of the five systems: clean, in every environment, or refused for a stated reason."""

import pytest

from pathlib import Path

from reconciler.model.diagnostic import DiagnosticsError
from reconciler.spec.load import load

ROOT = Path(__file__).parents[2]
CLOSED = "R162"  # their secrets are not here
