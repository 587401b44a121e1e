"""The API reference: a page for each public module, made from its names and their docstrings by autodoc."""

import ast
import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
from pathlib import Path
from typing import Final

import vlm_gym
from site_pages.written import forget_others, write_if_new
from vlm_gym import adapters

CORE: Final = {"vlm_gym", "gymnasium", "numpy", "PIL", "cv2"}
MODULES: Final = {
    "vlm_gym": "What programs import, by the name `vlm_gym.NAME`. By subject: [the library](../api.md).",
    "vlm_gym.wrappers": "Wrappers of environments.",
    "vlm_gym.vector": "The vector environment, which `gym.make_vec` makes.",
    "vlm_gym.testing": "The contract that every task keeps, for tasks of your own.",
    "vlm_gym.envs.base": "What a task of your own is made from: [write a task](../write_a_task.md).",
    "vlm_gym.actions": "Vocabularies: what an action is called.",
    "vlm_gym.fields": "What a prompt asks for besides the action, and the truth about it.",
    "vlm_gym.parsers": "From free text to an action: [how answers are read](../answers.md).",
    "vlm_gym.ladders": "A task and its harder levels.",
    **{
        f"vlm_gym.adapters.{module.name}": "The adapter to this framework: [agent frameworks](../adapters.md)."
        for module in pkgutil.iter_modules(adapters.__path__)
    },
}
OPTIONS: Final = {"class": ":members:", "exception": ":show-inheritance:", "function": "", "data": ":no-value:"}
LIBRARY: Final = Path(__file__).parents[1] / "api.md"


def frameworks() -> list[str]:
    """Return what the adapters import of others: autodoc goes without it, wherever it is not installed."""
    found: set[str] = set()
    for path in Path(*adapters.__path__).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return sorted(found - CORE - sys.stdlib_module_names)


def write(folder: Path) -> None:
    """Write a page for each module, and the page that lists them."""
    pages = {name: _page(name, words) for name, words in MODULES.items()}
    for name, page in pages.items():
        write_if_new(folder / f"{name}.md", page)
    write_if_new(folder / "index.md", _index())
    forget_others(folder, {folder / "index.md", *(folder / f"{name}.md" for name in pages)})


def _index() -> str:
    rows = [f"| [`{name}`]({name}.md) | {words.partition(':')[0].rstrip('.')} |" for name, words in MODULES.items()]
    pages = ["```{toctree}", ":hidden:", "", *MODULES, "```", ""]
    return "\n".join(["# API reference", "", "| module | what it holds |", "|---|---|", *rows, "", *pages])


def _page(name: str, words: str) -> str:
    entries = "\n".join(_entry(name, public, kind) for public, kind in public_names(name).items())
    return f"# `{name}`\n\n{words}\n\n```{{eval-rst}}\n{entries}```\n"


def public_names(module: str) -> dict[str, str]:
    """Return the public names of a module in its own order, and what each is: class, exception, function or data.

    Without importing it, since an adapter imports its framework.
    """
    if module == "vlm_gym":
        return {name: _kind(getattr(vlm_gym, name)) for name in vlm_gym.__all__ if name != "wrappers"}
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"the API reference names {module}, which is not there")
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    listed = _listed(tree)
    if listed is not None:
        loaded = importlib.import_module(module)
        return {name: _kind(getattr(loaded, name)) for name in listed}
    return {
        node.name: "class" if isinstance(node, ast.ClassDef) else "function"
        for node in tree.body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_")
    }


def _listed(tree: ast.Module) -> list[str] | None:
    """Return what a module says in `__all__`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return list(ast.literal_eval(node.value))
    return None


def _kind(value: object) -> str:
    if inspect.isclass(value):
        return "exception" if issubclass(value, BaseException) else "class"
    return "function" if inspect.isfunction(value) else "data"


def _entry(module: str, name: str, kind: str) -> str:
    option = OPTIONS[kind]
    if module == "vlm_gym" and kind == "data":  # it has its docstring where it is made, where autodoc does not look
        return f".. py:data:: {module}.{name}\n\n   {_in_a_few_words(name)}\n\n"
    told = _told_by_source(module, name) if module.startswith(adapters.__name__) else None
    if told is not None:
        return f".. py:class:: {module}.{name}\n\n   {told}\n\n"
    return f".. auto{kind}:: {module}.{name}\n" + (f"   {option}\n" if option else "") + "\n"


def _told_by_source(module: str, name: str) -> str | None:
    """Return the first line of the docstring of a class that its framework decorates; None for all others.

    Where the framework is not installed, nobody knows what the decorator makes of the class.
    """
    tree = ast.parse((Path(*adapters.__path__) / f"{module.rpartition('.')[2]}.py").read_text(encoding="utf-8"))
    (node,) = [node for node in tree.body if getattr(node, "name", "") == name]
    if not isinstance(node, ast.ClassDef) or not any(isinstance(mark, ast.Call) for mark in node.decorator_list):
        return None
    return (ast.get_docstring(node) or "").partition("\n")[0]


def _in_a_few_words(name: str) -> str:
    """Return what docs/api.md says of a name of `vlm_gym`."""
    found = re.search(rf"^\| `{name}` \| (.+) \|$", LIBRARY.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else ""
