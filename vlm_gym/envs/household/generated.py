"""Household: generated homes, nothing to download."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, get_args

import numpy as np

from vlm_gym.envs.base import TaskSettings
from vlm_gym.envs.household.engine import Engine
from vlm_gym.envs.household.home import HomeEnv, ProgressReward, TakenNotes, check_some
from vlm_gym.errors import ConfigError, check_choice, check_int
from vlm_gym.games.household.chain import MAX_CHAIN, ChainGame, ChainOrder
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.generator import HOME_SPLITS, SCENES, Home, HomeSplit, generate_home
from vlm_gym.games.household.tasks import TASK_TYPES, read_task_type, read_task_types
from vlm_gym.games.household.world import World

MAX_HOME_SIZE: Final = 3


class HouseholdEnv(HomeEnv):
    """Do a household task in a generated home.

    ## Description
    The rooms, objects and tasks follow the statistics of ALFWorld's games, with its rules and texts; every seed gives a
    fresh home in which the task can be done. Nothing needs to be downloaded. The picture shows the room from above and,
    close up, the furniture that the agent stands at: what is behind doors must be looked for.

    ## Action Space
    `Discrete(128)`: action i is the i-th of `info["admissible_actions"]`, the commands that are possible now, sorted; a
    number beyond them is an illegal move. With a parser: any command of ALFWorld.

    ## Observation Space
    `Box(0, 255, (image_size, image_size, 3), uint8)`; below `image_size=224` the smallest type cannot be read, which
    warns.

    ## Starting State
    In the middle of a room, with empty hands. `reset(options={"task_type": "heat", "scene": "kitchen"})` sets either or
    both.

    ## Rewards
    | term | weight | paid |
    |---|---|---|
    | `success` | +50 | when the task is done |
    | `progress` | +1 | for the change of `info["progress"]`, which can fall |
    | `illegal` | -1 | for a command that is not possible now; nothing happens |
    | `fault` | -1 | for an answer that cannot be read (text play) |

    ## Episode End
    Terminates when the task is done, or all of them. Truncated after 50 turns, in the levels of *remembering* after
    100.

    ## Information
    As in every task, and: `goal` (the task sentence), `task_type`, `feedback` (the game's last text), `game` (its
    scene, task and checksum), and `stuck`: whether the task cannot be done any more, since the hand holds what fits
    nowhere.
    `progress` is the share of the goal's conditions that are met, and `action_mask` covers the admissible commands.

    ## Arguments
    `split="train"|"unseen"`: homes with the pairs of object and furniture, and the rooms, that are held out, or without
    them. `task_types`: some of put, look, clean, heat, cool, two, or ALFWorld's names and numbers for them, as in
    `ALFWorld-v0`. `scenes`: some of kitchen, livingroom, bedroom, bathroom. `traps=False`: whether there are objects
    that fit nowhere. `labels=True`: names in the close-up. `include_admissible=True`: whether the prompt lists the
    commands. `progress_reward="change"|"level"`: what the term `progress` pays; "level", at every step, is the paper's
    rule, under which idling at one half earns for ever.
    `notes=True` lists in the prompt and in the picture's words what the player has seen where so far, and which
    commands were not possible since the last one that was: what a player who forgets nothing knows.
    `chain=1`: 2 or 3 for so many tasks in one home; success is when all are done, and what is done stays done.
    `chain_order="any"` tells all of them at once, "sequence" the next one when the one before is done. What a later
    task is about lies, where it can, beside what the one before was about: it is seen early and needed later.
    `info["task_type"]` and `options["task_type"]` are the first one's. `home_size=1`: 2 or 3 for homes with as much of
    each kind of furniture and objects as in the fullest of so many.
    `include_text=True` puts the game's text and the picture in words into the prompt. `version`: that of
    the id, of its pictures and prompts.

    ## Registered Configurations
    `Household-v1` and `Household-Unseen-v1`, and `Household-v0` and `Household-Unseen-v0`. Without names in the
    close-up, with 100 turns and `home_size=2`: `Household-Remembering-L1-v0` with two tasks in any order, `-L2-v0` with
    two in sequence, and `-L3-v0` with three in sequence.

    ## References
    Shridhar et al. 2021, "ALFWorld", arXiv 2010.03768. Zhai et al. 2024, arXiv 2405.10292, section 5.2.

    ## Version History
    v1: the prompt explains the symbols in the picture. In the picture the agent hides no furniture, and the names of
    furniture keep their size where there is little room. Rules, rewards and texts are those of v0.

    v0: first version; kept as it was, for the panels and for published scores.
    """

    option_names: ClassVar[tuple[str, ...]] = ("task_type", "scene")

    def __init__(
        self,
        settings: TaskSettings | None = None,
        *,
        split: HomeSplit = "train",
        task_types: Sequence[str | int] = TASK_TYPES,
        scenes: Sequence[str] = SCENES,
        traps: bool = False,
        labels: bool = True,
        include_admissible: bool = True,
        progress_reward: ProgressReward = "change",
        notes: TakenNotes = False,
        version: int = 0,
        chain: int = 1,
        chain_order: ChainOrder = "any",
        home_size: int = 1,
    ) -> None:
        check_choice("split", split, HOME_SPLITS)
        check_int("chain", chain, 1, MAX_CHAIN)
        check_choice("chain_order", chain_order, get_args(ChainOrder))
        check_int("home_size", home_size, 1, MAX_HOME_SIZE)
        if chain > 1 and traps is True:
            raise ConfigError("chain above 1 needs traps=False: with traps a later task could be out of reach")
        if chain > 1 and isinstance(notes, str) and notes == "goal":
            raise ConfigError("chain above 1 needs notes=True or False: notes='goal' are about one task")
        if not isinstance(traps, bool):
            raise ConfigError(f"traps must be True or False, got {traps!r}")
        super().__init__(
            settings,
            labels=labels,
            include_admissible=include_admissible,
            progress_reward=progress_reward,
            notes=notes,
            version=version,
        )
        self.split = split
        self.task_types = read_task_types(task_types)
        self.scenes = check_some("scenes", scenes, SCENES)
        self.traps = traps
        self.chain = chain
        self.chain_order = chain_order
        self.home_size = home_size
        self._generate(np.random.default_rng(0), self.task_types, self.scenes)  # refuses what no home can have

    def _start_game(self, options: Mapping[str, Any]) -> Engine:
        home = self._generate(
            self.np_random,
            task_types=self._chosen_tasks(options),
            scenes=self._chosen_scenes(options),
        )
        self._name = f"{home.contents.scene}-{home.contents.goal.task}-{zlib.crc32(home.problem.encode()):08x}"
        return HouseholdGame(home.world) if self.chain == 1 else self._chain_of(home)

    def new_chain(self, rng: np.random.Generator) -> ChainGame:
        """Return a game of several tasks in a fresh home, as an episode has one: for measurements.

        Raises:
            ConfigError: if the environment plays one task at a time.
        """
        if self.chain == 1:
            raise ConfigError("new_chain needs an environment with chain=2 or 3, got chain=1")
        return self._chain_of(self._generate(rng, self.task_types, self.scenes))

    def _chain_of(self, home: Home) -> ChainGame:
        return ChainGame((home.world, *home.later)[: self.chain], self.chain_order)

    def _told_worlds(self) -> tuple[World, ...]:
        return self.game.told if isinstance(self.game, ChainGame) else super()._told_worlds()

    def _task_in_words(self) -> str:
        game = self.game
        if not isinstance(game, ChainGame):
            return super()._task_in_words()
        number = game.num_tasks - len(game.left) + 1
        if self.chain_order == "sequence":
            return f"{game.world.sentence}\nThis is task {min(number, game.num_tasks)} of {game.num_tasks}, one by one."
        return f"{game.world.sentence}\nDo these tasks in any order; what you have done is not listed any more."

    def _chosen_tasks(self, options: Mapping[str, Any]) -> tuple[str, ...]:
        if "task_type" not in options:
            return self.task_types
        task = read_task_type("options['task_type']", options["task_type"])
        check_choice("options['task_type']", task, self.task_types)
        return (task,)

    def _chosen_scenes(self, options: Mapping[str, Any]) -> tuple[str, ...]:
        if "scene" not in options:
            return self.scenes
        check_choice("options['scene']", options["scene"], self.scenes)
        return (options["scene"],)

    def _generate(self, rng: np.random.Generator, task_types: Sequence[str], scenes: Sequence[str]) -> Home:
        return generate_home(
            rng,
            task_types=task_types,
            scenes=scenes,
            split=self.split,
            traps=self.traps,
            num_later=0 if self.chain == 1 else MAX_CHAIN - 1,  # the same homes for every length of a chain
            home_size=self.home_size,
        )

    def _game_name(self) -> str:
        return self._name
