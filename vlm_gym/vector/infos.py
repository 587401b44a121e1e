"""The infos of several environments as arrays, as Gymnasium's vector environments hold them, made column by column."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

NUMBERS: Final = (bool, int, float)

Info = dict[str, Any]
AddInfo = Callable[[Info, Info, int], Info]


def stack_infos(infos: Sequence[Info], rows: Sequence[int], num_envs: int, add_info: AddInfo) -> Info:
    """Return for each key an array, (num_envs, ...), and under `_key` a mask of the environments that have it.

    Args:
        infos: What some environments say, in the order of `rows`.
        rows: Their numbers, ascending.
        num_envs: Number of all environments.
        add_info: Gymnasium's own way, one environment at a time: for infos that differ in their keys or their types.
    """
    stacked = _stack(infos, None if len(rows) == num_envs else rows, num_envs)
    if stacked is not None:
        return stacked
    grown: Info = {}
    for info, row in zip(infos, rows, strict=True):
        grown = add_info(grown, info, row)
    return grown


def _stack(infos: Sequence[Info], rows: Sequence[int] | None, num_envs: int) -> Info | None:
    """Return the arrays, or None where one kind of array cannot hold a column; `rows` is None for all rows."""
    if not infos:
        return {}
    first = infos[0]
    num_keys = len(first)
    if set(map(len, infos)) != {num_keys}:
        return None
    stacked: Info = {}
    for key, value in first.items():
        try:
            column = [info[key] for info in infos]
        except KeyError:
            return None
        array = _stack(column, rows, num_envs) if type(value) is dict and _are_dicts(column) else _array(column)
        if array is None:
            return None
        stacked[key] = array if rows is None or isinstance(array, dict) else _placed(array, rows, num_envs)
        stacked[f"_{key}"] = np.ones(num_envs, np.bool_) if rows is None else _mask(rows, num_envs)
    return stacked


def _array(column: Sequence[Any]) -> np.ndarray[Any, Any] | None:
    """Return a column as the array that Gymnasium makes of it; None where its values are of several kinds."""
    kind = type(column[0])
    if len(set(map(type, column))) > 1 and not _are_objects(column):
        return None
    if kind in NUMBERS or issubclass(kind, np.number):
        return np.fromiter(column, kind, len(column))
    if kind is np.ndarray:
        return _joined(column)
    if issubclass(kind, (np.ndarray, dict)):
        return None
    return np.fromiter(column, object, len(column))


def _joined(column: Sequence[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any] | None:
    first = column[0]
    if not first.shape or {(value.shape, value.dtype) for value in column} != {(first.shape, first.dtype)}:
        return None
    return np.concatenate(column).reshape(len(column), *first.shape)


def _are_dicts(column: Sequence[Any]) -> bool:
    return set(map(type, column)) == {dict}


def _are_objects(column: Sequence[Any]) -> bool:
    """Whether the first value makes an array of objects, which holds anything but dicts: words beside None."""
    kind = type(column[0])
    is_number = kind in NUMBERS or issubclass(kind, (np.number, np.ndarray))
    return not is_number and not any(isinstance(value, dict) for value in column)


def _placed(array: np.ndarray[Any, Any], rows: Sequence[int], num_envs: int) -> np.ndarray[Any, Any]:
    whole = np.full((num_envs, *array.shape[1:]), None if array.dtype == object else 0, array.dtype)
    whole[np.asarray(rows)] = array
    return whole


def _mask(rows: Sequence[int], num_envs: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    mask = np.zeros(num_envs, np.bool_)
    mask[np.asarray(rows)] = True
    return mask
