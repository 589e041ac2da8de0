"""Faults of scenarios in words."""

from reconciler.model.scenario import Trouble
from reconciler.model.units import format_duration


def told(fault: Trouble) -> str:
    """A fault in a line: ``crash of service/web at 40s``."""
    words = [fault.kind.replace("_", " ")]
    if fault.amount is not None:
        words.append(f"({fault.amount})")
    if fault.field:
        words.append(f"of {fault.field} to {fault.value!r}")
    if fault.call:
        words.append(f"at each {fault.call}" if fault.nth == 0 else f"at {fault.call} {fault.nth}")
    elif fault.at is None:
        words.append("at each call" if fault.nth == 0 else f"at call {fault.nth}")
    if fault.on:
        words.append(f"of {fault.on}" + (f" instance {fault.instance}" if fault.instance else ""))
    if fault.at is not None:
        words.append(f"at {format_duration(fault.at)}")
    if fault.lasting:
        words.append(f"for {format_duration(fault.lasting)}")
    if fault.every:
        words.append(f"every {format_duration(fault.every)}")
    return " ".join(words)
