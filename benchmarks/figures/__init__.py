"""The figures, by name, in the order in which they are listed."""

from benchmarks.figure import Figure
from benchmarks.figures import (
    broken_update,
    control_plane,
    create_50,
    day,
    death_to_restart,
    idle,
    kernel,
    memory,
    plan_10k,
    plan_noop,
    properties,
    replan_one,
    scaling,
    sim_convergence,
    startup,
)

FIGURES: dict[str, Figure] = {
    figure.name: figure
    for figure in (
        startup.FIGURE,
        plan_10k.FIGURE,
        replan_one.FIGURE,
        sim_convergence.FIGURE,
        control_plane.FIGURE,
        properties.FIGURE,
        kernel.FIGURE,
        day.FIGURE,
        scaling.FIGURE,
        memory.FIGURE,
        plan_noop.FIGURE,
        create_50.FIGURE,
        death_to_restart.FIGURE,
        broken_update.FIGURE,
        idle.FIGURE,
    )
}
