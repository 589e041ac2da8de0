"""The figures, by name, in the order in which they are listed."""

from benchmarks.figure import Figure
from benchmarks.figures import (
    broken_update,
    control_plane,
    create_50,
    death_to_restart,
    idle,
    plan_10k,
    plan_noop,
    properties,
    replan_one,
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
        plan_noop.FIGURE,
        create_50.FIGURE,
        death_to_restart.FIGURE,
        broken_update.FIGURE,
        idle.FIGURE,
    )
}
