"""How the documentation is built: `nox -s docs`."""

from reconciler import __version__

project = "reconciler"
author = "the reconciler authors"
copyright = "the reconciler authors"
release = version = __version__

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
html_theme = "furo"
html_title = f"reconciler {version}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# Pages name files of the repository that are no pages; those links are checked as they are.
nitpicky = True

exclude_patterns = ["_build"]
