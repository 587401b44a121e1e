"""The site: `make docs` builds it from the pages beside this file and from those that `site_pages` writes."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from site_pages.reference import frameworks  # noqa: E402  # it lies beside this file

from vlm_gym import __version__  # noqa: E402

project = "vlm_gym"
author = "The vlm_gym authors"
project_copyright = "The vlm_gym authors, MIT licence"
release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "site_pages"]
exclude_patterns = ["site_pages"]
nb_execution_mode = "off"  # the notebooks are executed by their own tests, and kept with their output

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
smartquotes = False  # "--" is the beginning of an option here
default_role = "code"  # docstrings write code as `code`
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_mock_imports = frameworks()
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"vlm_gym {release}"
html_favicon = "_static/icon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
