"""The world of the stand-in for Unity's player: objects as AI2-THOR describes them, and the actions of ALFWorld."""

import json
import re
from pathlib import Path

from vlm_gym.games.household.files import GAME_FILE, load_game
from vlm_gym.games.household.world import NOTHING

FLOOR_PLAN = 25  # with 16 points to stand at
GAME = "game:"
CODES = (("_bar_", "|"), ("_plus_", "+"), ("_minus_", "-"), ("_dot_", "."), ("_comma_", ","))
BASINS = ("SinkBasin", "BathtubBasin")


def points():
    """The points that alfworld looks at a room from, each once: x, z, rotation, horizon."""
    import alfworld.gen

    file = Path(alfworld.gen.__path__[0]) / "layouts" / f"FloorPlan{FLOOR_PLAN}-openable.json"
    return list(dict.fromkeys(tuple(map(float, point)) for point in json.loads(file.read_text()).values()))


def thor_id(name):
    """The id in AI2-THOR of a thing in a game file."""
    for code, sign in CODES:
        name = name.replace(code, sign)
    return name


def kind_of(name):
    first, *_, last = name.split("|")
    return last if last in BASINS else first


def position_of(name):
    x, y, z = map(float, name.split("|")[1:4])
    return {"x": x, "y": y, "z": z}


class RefusedError(Exception):
    """What AI2-THOR says of an action that fails."""


class ThorWorld:
    """All things of a game, by their ids, as AI2-THOR's metadata have them."""

    def __init__(self):
        self.things, self.places, self.accepts, self.colours = {}, {}, {}, {}
        self.pose, self.held, self.error, self.last = points()[0], None, "", "Initialize"

    @property
    def is_loaded(self):
        return bool(self.things)

    def load(self, file):
        world = load_game(file)
        self.things, self.held = {}, None
        spellings = re.findall(r"\w+_bar_\w+", json.loads(file.read_text())["pddl_problem"])
        ids = {spelling.lower(): thor_id(spelling) for spelling in spellings}  # a `World` has them in lower case
        names = [ids[thing.id] for thing in world.objects]
        spots = [ids[receptacle.id] for receptacle in world.receptacles]
        for number, name in enumerate(names):
            self._add(name, pickupable=has(world.pickupable, number), toggleable=has(world.toggleable, number))
        for number, name in enumerate(spots):
            self._add(name, receptacle=True, openable=has(world.openable, number), receptacleObjectIds=[])
            self.things[name]["toggleable"] = kind_of(name) == "Microwave"
            for thing in world.start.contents[number]:
                self._put(names[thing], name)
        self.accepts = {
            spot: {name for number, name in enumerate(names) if has(receptacle.accepts, number)}
            for spot, receptacle in zip(spots, world.receptacles, strict=True)
        }
        stands = points()
        self.places = {
            spot: stands[receptacle.place % len(stands)]
            for spot, receptacle in zip(spots, world.receptacles, strict=True)
        }
        for basin in [spot for spot in spots if kind_of(spot) in BASINS]:
            faucet = "|".join(["Faucet", *basin.split("|")[1:4]])
            self._add(faucet, toggleable=True)
            self.places[faucet] = self.places[basin]
        self.colours = {name: (50 + n * 37 % 200, n * 91 % 255, n % 255) for n, name in enumerate(self.things)}
        assert world.start.hand == NOTHING

    def act(self, action, games):
        """Do what an action says, and note whether it worked."""
        self.last, self.error = action["action"], ""
        try:
            do = getattr(self, f"do_{_in_snake_case(self.last)}", None)
            if do is not None:
                do(action, games)
        except RefusedError as refusal:
            self.error = str(refusal)

    def visible(self):
        """The ids of what can be seen from where the agent stands: nothing behind a door."""
        here = [name for name, place in self.places.items() if place == self.pose]
        open_here = [name for name in here if not self.things[name]["openable"] or self.things[name]["isOpen"]]
        inside = [thing for name in open_here for thing in self.things[name]["receptacleObjectIds"] or ()]
        return list(dict.fromkeys([*here, *inside, *([self.held] if self.held else [])]))

    def metadata(self, size):
        seen = set(self.visible())
        for name, thing in self.things.items():
            thing["visible"] = name in seen
        x, z, rotation, horizon = self.pose
        return {
            "screenWidth": size,
            "screenHeight": size,
            "colors": [{"name": name, "color": colour} for name, colour in self.colours.items()],
            "colorBounds": [{"color": self.colours[name], "bounds": [0, 0, size, size]} for name in sorted(seen)],
            "thirdPartyCameras": None,
            "objects": list(self.things.values()),
            "inventoryObjects": [{"objectId": self.held, "objectType": kind_of(self.held)}] if self.held else [],
            "agent": {
                "position": {"x": x, "y": 0.9, "z": z},
                "rotation": {"x": 0.0, "y": rotation, "z": 0.0},
                "cameraHorizon": horizon,
            },
            "lastAction": self.last,
            "lastActionSuccess": not self.error,
            "errorMessage": self.error,
            "errorCode": "",
            "actionReturn": None,
            "reachablePositions": [],
        }

    def do_set_object_poses(self, action, games):
        name = action["objectPoses"][0]["objectName"]
        self.load(games / name.removeprefix(GAME) / GAME_FILE)

    def do_teleport_full(self, action, games):
        rotation = action["rotation"]["y"]
        self.pose = tuple(map(float, (action["x"], action["z"], rotation, action["horizon"])))

    def do_open_object(self, action, games):
        self._turn(action["objectId"], is_open=True)

    def do_close_object(self, action, games):
        self._turn(action["objectId"], is_open=False)

    def do_pickup_object(self, action, games):
        name = action["objectId"]
        if self.held or not self._thing(name)["pickupable"]:
            raise RefusedError("the hand is not empty, or that cannot be picked up")
        for spot in self.things[name]["parentReceptacles"] or ():
            self.things[spot]["receptacleObjectIds"].remove(name)
        self.things[name]["parentReceptacles"] = None
        self.held = name

    def do_put_object(self, action, games):
        name, spot = action["objectId"], action["receptacleObjectId"]
        is_shut = self._thing(spot)["openable"] and not self.things[spot]["isOpen"]
        if name != self.held or is_shut or name not in self.accepts.get(spot, ()):
            raise RefusedError("it is not in the hand, or does not fit there, or the door is closed")
        self._put(name, spot)
        self.held = None

    def do_toggle_object_on(self, action, games):
        self._toggle(action["objectId"], is_on=True)

    def do_toggle_object_off(self, action, games):
        self._toggle(action["objectId"], is_on=False)

    def _thing(self, name):
        if name not in self.things:
            raise RefusedError(f"there is no {name}")
        return self.things[name]

    def _turn(self, name, is_open):
        if not self._thing(name)["openable"] or self.things[name]["isOpen"] == is_open:
            raise RefusedError("it has no door, or is as it should be already")
        self.things[name]["isOpen"] = is_open

    def _toggle(self, name, is_on):
        if not self._thing(name)["toggleable"]:
            raise RefusedError("it cannot be turned on or off")
        self.things[name]["isToggled"] = is_on

    def _put(self, name, spot):
        self.things[name]["parentReceptacles"] = [*(self.things[name]["parentReceptacles"] or ()), spot]
        self.things[spot]["receptacleObjectIds"].append(name)

    def _add(self, name, **properties):
        self.things[name] = {
            "objectId": name,
            "objectType": kind_of(name),
            "name": name.replace("|", "_"),
            "position": position_of(name),
            "rotation": {"x": 0.0, "y": 0.0, "z": 0.0},
            **dict.fromkeys(("visible", "receptacle", "pickupable", "openable", "toggleable", "sliceable"), False),
            **dict.fromkeys(("isOpen", "isToggled", "isSliced", "dirtyable", "isDirty"), False),
            "parentReceptacles": None,
            "receptacleObjectIds": None,
            **properties,
        }


def has(mask, number):
    """Whether a number is in a bit mask."""
    return bool(mask >> number & 1)


def _in_snake_case(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
