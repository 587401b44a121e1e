"""One frozen dataclass is the YAML file, the command line and the documentation of a script.

Every field is made by `setting(default, words)`; a field whose type is a dataclass is a section. `--config NAME` reads
baselines/configs/NAME.yaml or a file, `--section.field VALUE` overrides, `--help` prints all of it. A file may begin
with `base: NAME` and then says only what differs from that one. `--resume FOLDER` reads the configuration that a run
wrote into its folder.
"""

import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, asdict, field, fields, is_dataclass
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
_NONE: Final = ("null", "~")  # what YAML writes for None

ConfigT = TypeVar("ConfigT")


def setting(default: Any, words: str) -> Any:
    """Return a dataclass field with a default and its documentation; a mapping becomes a read-only default."""
    if isinstance(default, Mapping):
        return field(default_factory=lambda: dict(default), metadata={"words": words})
    return field(default=default, metadata={"words": words})


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
        print(f"{usage.strip()}\n\n{describe(config_class, has_files=default is not None)}")  # noqa: T201  # a command line
        raise SystemExit(0)
    overrides = _read_arguments(arguments)
    path = _config_path(overrides, default)
    tree = _read_file(path) if path else {}
    if path and _RESUME_FLAG in overrides and path.name == FILE_NAME:
        tree["folder"] = str(path.parent)  # the run may have been moved
    overrides.pop(_CONFIG_FLAG, None)
    kinds = {name: kind for name, _, kind in _leaves(config_class)}
    for name, text in overrides.items():
        _put(tree, name, _read_value(name, text, kinds.get(name)))
    return build(config_class, tree)


def build(config_class: type[ConfigT], tree: Mapping[str, Any], prefix: str = "") -> ConfigT:
    """Build a configuration from nested mappings, as a YAML file holds them.

    Raises:
        ConfigError: for an unknown name or a value of the wrong type; the dataclasses' own checks raise it too.
    """
    known = {entry.name: entry for entry in fields(config_class)}  # type: ignore[arg-type]
    hints = get_type_hints(config_class)
    for name in tree:
        if name not in known:
            listed = ", ".join(f"{prefix}{entry}" for entry in known)
            guess = _nearest(f"{prefix}{name}", [leaf for leaf, _, _ in _leaves(config_class, prefix)])
            raise ConfigError(f"there is no setting {f'{prefix}{name}'!r}; there are {listed}.{guess}")
    values = {name: _convert(f"{prefix}{name}", value, hints[name]) for name, value in tree.items()}
    return config_class(**values)


def write_config(config: Any) -> str:
    """Return a configuration as YAML, which `build` reads back as it was."""
    return str(yaml.safe_dump(_plain(asdict(config)), sort_keys=False, allow_unicode=True))


def describe(config_class: type[Any], *, has_files: bool = True) -> str:
    """Return every setting with its default and its documentation, a line each."""
    settings = _leaves(config_class)
    width = max(len(name) for name, _, _ in settings)
    lines = [f"  --{name:<{width}}  {entry.metadata['words']} ({_default(entry)})" for name, entry, _ in settings]
    names = ", ".join(path.stem for path in sorted(CONFIGS.glob("*.yaml")))
    files = ["", f"  --config NAME or file: {names}"] if has_files else []
    return "\n".join(["settings (default):", *lines, *files])


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


def _default(entry: Field[Any]) -> str:
    if entry.default is not MISSING:
        return str(entry.default)
    return str(entry.default_factory()) if entry.default_factory is not MISSING else "required"


def _read_arguments(arguments: Sequence[str]) -> dict[str, str]:
    """Read `--name value` and `--name=value`."""
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
        overrides[flag[2:].replace("-", "_")] = value
    return overrides


def _config_path(overrides: Mapping[str, str], default: str | None) -> Path | None:
    if default is None and not overrides.keys() & {_CONFIG_FLAG, _RESUME_FLAG}:
        return None
    if _CONFIG_FLAG in overrides or _RESUME_FLAG not in overrides:
        return _find(overrides.get(_CONFIG_FLAG) or str(default))
    folder = Path(overrides[_RESUME_FLAG])
    found = [place / FILE_NAME for place in (folder, *folder.parents[:2]) if (place / FILE_NAME).is_file()]
    if not found:
        raise ConfigError(f"--resume needs the folder of a run or one of its checkpoints; {folder} has no {FILE_NAME}")
    return found[0]


def _find(name: str) -> Path:
    for path in (CONFIGS / f"{name}.yaml", Path(name)):
        if path.is_file():
            return path
    check_choice("--config, unless it is a file,", name, sorted(path.stem for path in CONFIGS.glob("*.yaml")))
    raise ConfigError(f"--config {name!r} is no file")


def _read_file(path: Path) -> dict[str, Any]:
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path} cannot be read as YAML: {error}") from error
    if not isinstance(tree, dict):
        raise ConfigError(f"{path} must hold a mapping of settings, got {tree!r}")
    base = tree.pop(_BASE, None)
    return tree if base is None else _merge(_read_file(_find(str(base))), tree)


def _merge(base: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a file's settings with those of another laid over them, section by section."""
    merged = dict(base)
    for name, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(base.get(name), Mapping)
        merged[name] = _merge(base[name], value) if both else value
    return merged


def _read_value(name: str, text: str, kind: Any) -> Any:
    """Read a value as YAML does, but for a text, which is taken as it is: YAML makes 17 of 0017."""
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
        return tuple(_convert(name, item, get_args(kind)[0]) for item in _as_list(name, value))
    return _convert_plain(name, value, kind if origin is None else dict)


def _convert_optional(name: str, value: Any, kinds: tuple[Any, ...]) -> Any:
    if value is None and type(None) in kinds:
        return None
    (kind,) = [kind for kind in kinds if kind is not type(None)]
    return _convert(name, value, kind)


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
