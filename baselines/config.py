"""One frozen dataclass is the YAML file, the command line and the documentation of a script.

Every field is made by `setting(default, words)`; a field whose type is a dataclass is a section. `--config NAME` reads
baselines/configs/NAME.yaml or a file, `--section.field VALUE` overrides, `--help` prints all of it. A file may begin
with `base: NAME` and then says only what differs from that one. `--resume FOLDER` reads the configuration that a run
wrote into its folder.
"""

import types
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import Field, asdict, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from vlm_gym.errors import ConfigError, check_choice, did_you_mean

CONFIGS: Final = Path(__file__).parent / "configs"
FILE_NAME: Final = "config.yaml"
_BASE: Final = "base"
_CONFIG_FLAG: Final = "config"
_RESUME_FLAG: Final = "resume"
_HELP_FLAGS: Final = ("-h", "--help")
MOVED: Final = {
    "task.prompt": "it is chat.question now, which `vlm-gym eval --question` knows too; a task's own short prompt "
    "is --task.arguments '{prompt: action_only}'"
}
"""Settings of earlier versions that are gone, and what stands for them; one that says nothing (null) is passed over."""
_NONE: Final = ("null", "~")  # what YAML writes for None

ConfigT = TypeVar("ConfigT")


def setting(default: Any, words: str, *, may_be_empty: bool = False) -> Any:
    """Return a dataclass field with a default and its documentation; a mapping becomes a read-only default.

    A text that a setting holds says something, unless it `may_be_empty`.
    """
    metadata = {"words": words, "may_be_empty": may_be_empty}
    if isinstance(default, Mapping):
        return field(default_factory=lambda: dict(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def section(config_class: type[Any]) -> Any:
    """Return a dataclass field that holds another dataclass, by default with its own defaults."""
    return field(default_factory=config_class)


def read_config(
    config_class: type[ConfigT], arguments: Sequence[str], *, usage: str, default: str | None = None
) -> ConfigT:
    """Read a script's configuration from its command line; without `--config` it is that called `default`.

    A script without a `default` has no files in configs/: what its command line leaves out is as its dataclass says.

    Raises:
        ConfigError: for an unknown name, with a suggestion, a value of the wrong type, or a file that cannot be read.
        SystemExit: after `--help`, which prints `usage` and every setting.
    """
    if any(argument in _HELP_FLAGS for argument in arguments):
        print(f"{usage.strip()}\n\n{describe(config_class, default)}")  # noqa: T201  # a command line
        raise SystemExit(0)
    overrides = _read_arguments(arguments)
    path = _config_path(overrides, default)
    tree = _read_file(path) if path else {}
    if path and _RESUME_FLAG in overrides and path.name == FILE_NAME:
        tree["folder"] = str(path.parent)  # the run may have been moved
    overrides.pop(_CONFIG_FLAG, None)
    kinds = {name: kind for name, _, kind in _leaves(config_class)}
    changed = deepcopy(tree)
    for name, text in overrides.items():
        _put(changed, name, _read_value(name, text, kinds.get(name)))
    try:
        return build(config_class, changed)
    except ConfigError:
        if path:
            _check_file(config_class, tree, path)
        raise


def build(config_class: type[ConfigT], tree: Mapping[str, Any], prefix: str = "") -> ConfigT:
    """Build a configuration from nested mappings, as a YAML file holds them.

    Raises:
        ConfigError: for an unknown name or a value of the wrong type; the dataclasses' own checks raise it too.
    """
    known = {entry.name: entry for entry in fields(config_class)}  # type: ignore[arg-type]
    hints = get_type_hints(config_class)
    said = {name: value for name, value in tree.items() if value is not None or f"{prefix}{name}" not in MOVED}
    for name in said:
        if f"{prefix}{name}" in MOVED:
            raise ConfigError(f"there is no setting {f'{prefix}{name}'!r} any more: {MOVED[f'{prefix}{name}']}")
        if name not in known:
            listed = ", ".join(f"{prefix}{entry}" for entry in known)
            leaves = [leaf for leaf, _, _ in _leaves(config_class, prefix)]
            guess = _nearest(f"{prefix}{name}", (*(f"{prefix}{entry}" for entry in known), *leaves, _CONFIG_FLAG))
            raise ConfigError(f"there is no setting {f'{prefix}{name}'!r}; there are {listed}.{guess}")
    values = {name: _convert(f"{prefix}{name}", value, hints[name]) for name, value in said.items()}
    for name, value in values.items():
        if _is_empty(value) and not known[name].metadata["may_be_empty"]:
            raise ConfigError(f"{prefix}{name} must not be empty, got {value!r}")
    return config_class(**values)


def _is_empty(value: Any) -> bool:
    """Whether a value is a text that says nothing, or has one among its texts."""
    texts = value if isinstance(value, tuple) else (value,)
    return any(isinstance(text, str) and not text.strip() for text in texts)


def write_config(config: Any) -> str:
    """Return a configuration as YAML, which `build` reads back as it was."""
    return str(yaml.safe_dump(_plain(asdict(config)), sort_keys=False, allow_unicode=True))


def describe(config_class: type[Any], default: str | None = None) -> str:
    """Return every setting with its documentation and its value in the file called `default`, a line each."""
    plain = _plain(asdict(build(config_class, _read_file(_find(default)) if default else {})))
    settings = _leaves(config_class)
    width = max(len(name) for name, _, _ in settings)
    lines = [
        f"  --{name:<{width}}  {entry.metadata['words']} ({_shown(kind, _at(plain, name))})"
        for name, entry, kind in settings
    ]
    if default is None:
        return "\n".join(["settings (default):", *lines])
    files = [
        "",
        f"  --config NAME or FILE  without it: {default}. Names: {', '.join(_names())}",
        f"                         A file may begin with `base: NAME`: one of these, or {', '.join(_names('base/'))}",
        "  Lists and mappings are written as in YAML: --model.parts '[language]'",
    ]
    return "\n".join([f"settings (value in {default}, which is read without --config):", *lines, *files])


def _leaves(config_class: type[Any], prefix: str = "") -> list[tuple[str, Field[Any], Any]]:
    hints = get_type_hints(config_class)
    found = []
    for entry in fields(config_class):
        name = f"{prefix}{entry.name}"
        is_section = is_dataclass(hints[entry.name])
        found += _leaves(hints[entry.name], f"{name}.") if is_section else [(name, entry, hints[entry.name])]
    return found


def _nearest(name: str, leaves: Sequence[str]) -> str:
    """Suggest the setting that was meant, be it the one of that name in a section."""
    inside = [leaf for leaf in leaves if leaf.endswith(f".{name}")]
    return f" Did you mean {inside[0]!r}?" if inside else did_you_mean(name, leaves)


def _at(plain: Mapping[str, Any], name: str) -> Any:
    for part in name.split("."):
        plain = plain[part]
    return plain


def _shown(kind: Any, value: Any) -> str:
    """Return a value as it is written on a command line, and the other choices of a setting that has a few."""
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000)
    kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    choices = [choice for one in kinds if get_origin(one) is Literal for choice in get_args(one)]
    others = ", ".join(str(choice) for choice in choices if choice != value)
    return text.removesuffix("...\n").strip() + (f"; or {others}" if others else "")


def _names(folder: str = "") -> list[str]:
    return [f"{folder}{path.stem}" for path in sorted((CONFIGS / folder).glob("*.yaml"))]


def _read_arguments(arguments: Sequence[str]) -> dict[str, str]:
    """Read `--name value` and `--name=value`; the last one of a name counts."""
    overrides: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        flag, has_value, value = rest.pop(0).partition("=")
        if not flag.startswith("--"):
            raise ConfigError(f"expected --section.field VALUE, got {flag!r}; --help lists all settings")
        if not has_value:
            if not rest:
                raise ConfigError(f"{flag} needs a value")
            value = rest.pop(0)
            if value.startswith("--"):
                raise ConfigError(f"{flag} needs a value, such as {flag} true; got {value!r}, another setting")
        overrides[flag[2:].replace("-", "_")] = value
    for flag in (_CONFIG_FLAG, _RESUME_FLAG):
        if not overrides.get(flag, flag).strip():
            raise ConfigError(f"--{flag} must not be empty, got {overrides[flag]!r}")
    return overrides


def _config_path(overrides: Mapping[str, str], default: str | None) -> Path | None:
    if default is None and not overrides.keys() & {_CONFIG_FLAG, _RESUME_FLAG}:
        return None
    if _CONFIG_FLAG in overrides or _RESUME_FLAG not in overrides:
        return _find(overrides.get(_CONFIG_FLAG) or str(default), "--config")
    folder = Path(overrides[_RESUME_FLAG])
    found = [place / FILE_NAME for place in (folder, *folder.parents[:2]) if (place / FILE_NAME).is_file()]
    if not found:
        raise ConfigError(f"--resume needs the folder of a run or one of its checkpoints; {folder} has no {FILE_NAME}")
    return found[0]


def _find(name: str, what: str = "base") -> Path:
    """Return the file of a name; `what` names the setting that it comes from."""
    for path in (CONFIGS / f"{name}.yaml", Path(name)):
        if path.is_file():
            return path
    if Path(name).suffix in (".yaml", ".yml"):
        raise ConfigError(f"{what}: there is no file {name}")
    check_choice(f"{what}, unless it is a file,", name, _names() if what == "--config" else _names("base/") + _names())
    raise ConfigError(f"{what} {name!r} is not a file")


class _Loader(yaml.SafeLoader):
    """Refuses a mapping that has a key twice, of which YAML's own loader keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        for name in names:
            if names.count(name) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{name!r} is there twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        tree = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506  # it is a safe one
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read as YAML: {error}") from error
    if not isinstance(tree, dict):
        raise ConfigError(f"{path} must hold a mapping of settings, got {tree!r}")
    base = tree.pop(_BASE, None)
    return tree if base is None else _merge(_read_file(_find(str(base), f"base in {path}")), tree)


def _check_file(config_class: type[Any], tree: Mapping[str, Any], path: Path) -> None:
    """Say that it is the file if its settings alone are wrong."""
    try:
        build(config_class, tree)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _merge(base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file's settings with those of another laid over them, section by section."""
    merged = dict(base)
    for name, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(base.get(name), Mapping)
        merged[name] = _merge(base[name], value) if both else value
    return merged


def _read_value(name: str, text: str, kind: Any) -> Any:
    """Read a value as YAML does, except a text, which is taken as it is: YAML makes 17 of 0017."""
    if kind is str:
        return text
    if kind == str | None:
        return None if text in _NONE else text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"--{name} must be written as in YAML, got {text!r}") from error


def _put(tree: dict[str, Any], name: str, value: Any) -> None:
    """Set a dotted name in nested mappings."""
    *parents, last = name.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"--{name}: {parent!r} is a value, no section")
    tree[last] = value


def _convert(name: str, value: Any, kind: Any) -> Any:
    """Return the value as `kind`, or raise ConfigError."""
    if is_dataclass(kind) and isinstance(kind, type):
        if not isinstance(value, Mapping):
            raise ConfigError(f"{name} is a section: expected a mapping, got {value!r}")
        return build(kind, value, f"{name}.")
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _convert_optional(name, value, get_args(kind))
    if origin is Literal:
        check_choice(name, value, get_args(kind))
        return value
    if origin is tuple:
        if isinstance(value, str) and get_args(kind)[0] is str:
            value = [value]  # of texts a single one may stand for itself
        return tuple(_convert(name, item, get_args(kind)[0]) for item in _as_list(name, value))
    return _convert_plain(name, value, kind if origin is None else dict)


def _convert_optional(name: str, value: Any, kinds: tuple[Any, ...]) -> Any:
    if value is None and type(None) in kinds:
        return None
    others = [kind for kind in kinds if kind is not type(None)]
    words = [choice for kind in others if get_origin(kind) is Literal for choice in get_args(kind)]
    if len(others) == 1:
        return _convert(name, value, others[0])
    if value in words:  # `int | Literal["all"]`
        return value
    try:
        return _convert(name, value, next(kind for kind in others if get_origin(kind) is not Literal))
    except ConfigError as error:
        raise ConfigError(f"{error}; it may also be {', '.join(words)}") from error


def _convert_plain(name: str, value: Any, kind: type[Any]) -> Any:
    if kind is float:
        return _as_float(name, value)
    if kind is str and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigError(f"{name} must be {_article(kind)}, got {value!r}")
    return value


def _as_float(name: str, value: Any) -> float:
    """Read 1e-4 too, which YAML 1.1 takes for a text because it has no point."""
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            return float(value)
        except ValueError:
            pass
    raise ConfigError(f"{name} must be a number, got {value!r}")


def _as_list(name: str, value: Any) -> Sequence[Any]:
    if isinstance(value, (list, tuple)):
        return value
    raise ConfigError(f"{name} must be a list, got {value!r}")


def _article(kind: type[Any]) -> str:
    return {int: "an int", bool: "true or false", str: "a text", dict: "a mapping"}.get(kind, kind.__name__)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
