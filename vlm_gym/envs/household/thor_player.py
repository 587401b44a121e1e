"""What the child process does that plays ALFWorld on AI2-THOR (`worker.py`): alfworld's own AlfredThorEnv.

A request is {"game": {"folder", "sentence", "build"}} to start a game or {"command": text} to play on. The answer is
{"feedback", "admissible", "won", "progress", "frame", "truth"}: `frame` is {"height", "width", "pixels"} with RGB bytes
in base64, `truth` what AI2-THOR and alfworld know of the room. It runs on its own: nothing of vlm_gym is imported.

alfworld 0.4.2 waits for ever where Unity has died or a thread of its own has failed. Here both are watched.
"""

import base64
import logging
import os
import random
import shlex
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Final

SCREEN_SIZE: Final = 300  # pixels; the least that ai2thor allows, and what alfworld uses
LOOK_AGAIN_S: Final = 0.2
MAX_SEEDS: Final = 500  # of which one makes alfworld draw the game file's sentence: it has two or three to choose from
LAUNCHER: Final = Path(__file__).with_name("thor_launcher.py")
UNUSED: Final = {
    "alfworld.agents.detector.mrcnn": ("load_pretrained_model",),
    "alfworld.agents.controller.mrcnn": ("MaskRCNNAgent",),
    "alfworld.agents.controller.mrcnn_astar": ("MaskRCNNAStarAgent",),
    "textworld": ("Agent",),
    "textworld.logic": ("Proposition", "Variable"),
}  # what alfworld imports and does not use here: the first three need torch, TextWorld takes a second
PUNCTUATION: Final = str.maketrans("", "", r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~""")


class GameFailed(Exception):  # noqa: N818 - the name that worker.py knows
    """What went wrong, in words."""


class Player:
    """An AlfredThorEnv with one Unity player, started for the first game."""

    def __init__(self) -> None:
        for name, attributes in UNUSED.items():
            module = sys.modules[name] = ModuleType(name)
            vars(module).update(dict.fromkeys(attributes, object))
        self._trouble: list[str] = []
        self._thor: Any = None

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Start the game or play the command of a request."""
        if "game" in request:
            self._start(**request["game"])
        else:
            self._do(_in_its_words(request["command"]), False, "")
        return self._describe()

    def _start(self, folder: str, sentence: str, build: str) -> None:
        task_file = str(Path(folder) / "traj_data.json")
        if self._thor is None:
            self._thor = self._make(folder, build)
        _seed_for(task_file, sentence)
        self._do(None, True, task_file)

    def _do(self, action: str | None, is_reset: bool, task_file: str) -> None:
        """Hand work to alfworld's thread and wait until it is done."""
        queue = self._thor.action_queue
        self._thor._res, self._thor._done = None, False  # a game goes on after it is won, as in the other engines
        queue.put((action, is_reset, task_file))
        with queue.all_tasks_done:
            while queue.unfinished_tasks:
                queue.all_tasks_done.wait(LOOK_AGAIN_S)
                self._check()
        if self._thor.get_results() is None:  # its thread has failed, and is ending
            self._thor.join()
        self._check()

    def _make(self, folder: str, build: str) -> Any:
        """Start Unity's player and return alfworld's thread that plays with it."""
        import ai2thor.controller
        from alfworld.gen import constants

        # Before thor_env is imported, which remembers it as a default. ai2thor splits it as a shell would.
        constants.BUILD_PATH = shlex.join([sys.executable, "-I", str(LAUNCHER), build])
        self._watch(ai2thor.controller.Controller)
        from alfworld.agents.environment.alfred_thor_env import AlfredThorEnv
        from alfworld.env.tasks import BaseTask

        BaseTask.load_nav_graph = lambda _: None  # for rewards that nobody asks for
        made: list[Any] = []
        work = AlfredThorEnv(_config(folder), train_eval="eval_in_distribution").init_env
        starter = threading.Thread(target=lambda: made.append(work(1)), daemon=True)
        starter.start()
        while starter.is_alive():
            starter.join(LOOK_AGAIN_S)
            self._check()
        self._check()
        return made[0].envs[0]

    def _watch(self, controller: Any) -> None:
        """Note when Unity's player ends, when any thread fails, and when the player sends what cannot be read."""
        run_player = controller._start_unity_thread

        def run_and_note(*arguments: Any) -> None:
            try:
                run_player(*arguments)
                self._trouble.append("Unity's player has ended")
            except Exception as error:
                self._trouble.append(f"Unity's player has ended or could not be started: {error}")

        controller._start_unity_thread = run_and_note
        controller.check_x_display = lambda *_: None  # done before, and with a time limit
        threading.excepthook = lambda failed: self._trouble.append(_last_of(failed.exc_value))
        reader = logging.getLogger("ai2thor.server")
        reader.addHandler(_Noting(self._trouble))
        reader.propagate = False

    def _check(self) -> None:
        if not self._trouble and self._thor is not None and _has_ended(self._thor.env.unity_pid):
            self._trouble.append("Unity's player has ended")  # whoever waits for it has not been told yet
        if self._trouble:
            raise GameFailed(self._trouble[0])

    def _describe(self) -> dict[str, Any]:
        feedback, _, commands, won, progress, _ = self._thor.get_results()
        controller = self._thor.controller
        names = [thing["num_id"] for thing in (*controller.receptacles.values(), *controller.objects.values())]
        return {
            "feedback": feedback,
            "admissible": sorted(set(_with_whole_names(commands, names))),
            "won": bool(won),
            "progress": float(progress),
            "frame": _frame(self._thor.env.last_event),
            "truth": _truth(controller, self._thor.env),
        }


class _Noting(logging.Handler):
    """Notes the failures of ai2thor's server, which answers the player with status 500 and goes on waiting."""

    def __init__(self, trouble: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._trouble = trouble

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        words = record.getMessage() if error is None else _last_of(error)
        self._trouble.append(f"Unity's player sent what ai2thor cannot read: {words}")


def _has_ended(pid: int) -> bool:
    """Return whether a child has ended, and leave its exit status to whoever waits for it."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _last_of(error: BaseException | None) -> str:
    return "".join(traceback.format_exception(error, limit=-3)).strip() if error is not None else "a thread has ended"


def _config(folder: str) -> dict[str, Any]:
    """Return alfworld's configuration: the oracle's controller, no expert, no limit of its own, one folder of games."""
    screen = {"screen_width": SCREEN_SIZE, "screen_height": SCREEN_SIZE, "smooth_nav": False}
    saving = {"save_frames_to_disk": False, "save_frames_path": tempfile.gettempdir()}
    return {
        "env": {"thor": {**screen, **saving}, "task_types": [1, 2, 3, 4, 5, 6], "goal_desc_human_anns_prob": 0.0},
        "controller": {"type": "oracle", "load_receps": False, "debug": False},
        "general": {"training_method": "dqn"},
        "rl": {"training": {"max_nb_steps_per_episode": sys.maxsize}},
        "dataset": {"eval_id_data_path": folder, "num_eval_games": -1},
    }


def _seed_for(task_file: str, sentence: str) -> None:
    """Seed alfworld's chance, so that it draws the task's sentence in the game file, or else always the same one."""
    import json

    from alfworld.agents.utils.misc import get_templated_task_desc

    task = json.loads(Path(task_file).read_text(encoding="utf-8"))
    for seed in range(MAX_SEEDS):
        random.seed(seed)
        get_templated_task_desc(task)  # it prints one ...
        random.random()  # noqa: S311 - ... draws whether a person's words are used ...
        if get_templated_task_desc(task).rstrip(".") == sentence.rstrip("."):  # ... and then draws the one that it uses
            random.seed(seed)
            return
    random.seed(0)


def _in_its_words(command: str) -> str:
    """Return a command as alfworld's controller understands it: it offers "move X to Y" and knows "put X in/on Y"."""
    if command.startswith("move ") and " to " in command:
        thing, _, place = command.removeprefix("move ").rpartition(" to ")
        return f"put {thing} in/on {place}"
    return command


def _with_whole_names(commands: list[str], names: list[str]) -> list[str]:
    """Mend names that alfworld has cut when it took "a " and punctuation out of its own text: "sofa 1" to "sof1"."""
    for name in names:
        cut = f"a {name}".translate(PUNCTUATION).replace("a ", "")
        if cut != name:
            commands = [
                f"{command.removesuffix(cut)}{name}"
                if command.endswith(f" {cut}")
                else command.replace(f" {cut} ", f" {name} ")
                for command in commands
            ]
    return commands


def _frame(event: Any) -> dict[str, Any]:
    frame = event.frame
    if frame is None or frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
        shape = None if frame is None else frame.shape
        raise GameFailed(f"Unity's player sent a picture of the shape {shape}, expected (height, width, 3)")
    pixels = base64.b64encode(frame.tobytes()).decode("ascii")
    return {"height": frame.shape[0], "width": frame.shape[1], "pixels": pixels}


def _truth(controller: Any, env: Any) -> dict[str, Any]:
    metadata = env.last_event.metadata
    agent = metadata["agent"]
    pose = [agent["position"]["x"], agent["position"]["z"], agent["rotation"]["y"], agent["cameraHorizon"]]
    held = [thing["objectId"] for thing in metadata["inventoryObjects"]]
    return {
        "at": controller.curr_recep,
        "pose": pose,
        "hand": held[0] if held else None,
        "seen": sorted(_seen(env.last_event)),
        "clean": sorted(env.cleaned_objects),
        "hot": sorted(env.heated_objects),
        "cool": sorted(env.cooled_objects),
        "receptacles": [
            [place["object_id"], place["num_id"], place["closed"], _pose(place["locs"])]
            for place in controller.receptacles.values()
        ],
        "objects": [
            [
                thing["objectId"],
                _name(controller, thing["objectId"]),
                thing["parentReceptacles"] or [],
                thing["isToggled"],
            ]
            for thing in metadata["objects"]
            if thing["pickupable"] or thing["toggleable"]
        ],
    }


def _pose(action: Mapping[str, Any]) -> list[float]:
    rotation = action["rotation"]
    return [action["x"], action["z"], rotation["y"] if isinstance(rotation, dict) else rotation, action["horizon"]]


def _name(controller: Any, thing: str) -> str | None:
    known = controller.objects.get(thing)
    return None if known is None else str(known["num_id"])


def _seen(event: Any) -> set[str]:
    """Return the ids of all that has a pixel in the picture."""
    import numpy as np

    colours = np.unique(np.asarray(event.instance_segmentation_frame).reshape(-1, 3), axis=0)
    names = event.color_to_object_id
    return {names[colour] for colour in map(tuple, colours.tolist()) if colour in names}
