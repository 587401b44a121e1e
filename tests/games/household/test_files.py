"""Reading game files: official ones, and every way a file can be wrong."""

import json

import pytest

from vlm_gym.errors import ConfigError
from vlm_gym.games.household.files import MAX_GAME_BYTES, load_game, parse_game
from vlm_gym.games.household.problem import parse_problem


@pytest.fixture(scope="session")
def official(seen_games):
    """The fields of an official game file."""
    return json.loads(seen_games[0].read_text())


@pytest.fixture
def game_file(tmp_path):
    """A function that writes a file and returns its path."""

    def write(content):
        path = tmp_path / "game.tw-pddl"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return write


def test_every_seen_game_can_be_read(seen_games):
    worlds = [load_game(path) for path in seen_games]
    assert len(worlds) == 140
    assert all(len(world.receptacles) >= 3 and world.goal.targets for world in worlds)


def test_a_game_is_remembered_until_its_file_changes(game_file, official):
    path = game_file(official)
    world = load_game(path)
    assert load_game(str(path)) is world
    changed = official | {"grammar": official["grammar"].replace("Your task is to: ", "Your task is to: please ")}
    game_file(changed)
    assert load_game(path).sentence == f"please {world.sentence}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"pddl_domain": 1' + b"0" * 5000 + b"}", "not JSON"),
        (b"[]", "expected a JSON object with the texts pddl_domain, grammar, pddl_problem"),
        ({"pddl_domain": "", "grammar": ""}, "expected a JSON object"),
        ({"pddl_domain": "", "grammar": [], "pddl_problem": ""}, "expected a JSON object"),
        ({"pddl_domain": "\ud800", "grammar": "", "pddl_problem": ""}, "not those of ALFWorld 0.4.2"),
        (b" " * (MAX_GAME_BYTES + 1), "1048577 bytes, expected at most 1048576"),
    ],
    ids=["empty", "binary", "deep", "huge-number", "list", "missing", "not-text", "surrogate", "huge"],
)
def test_a_damaged_file_is_an_error_with_its_name(game_file, content, message):
    path = game_file(content)
    with pytest.raises(ConfigError, match=message) as caught:
        load_game(path)
    assert str(path) in str(caught.value)


def test_a_truncated_file_is_an_error(game_file, seen_games):
    whole = seen_games[0].read_bytes()
    for length in range(1, len(whole), len(whole) // 7):
        with pytest.raises(ConfigError, match="not JSON, or cut off"):
            load_game(game_file(whole[:length]))


def test_a_missing_file_and_a_folder_are_errors_with_their_names(tmp_path):
    for path in (tmp_path / "none.tw-pddl", tmp_path, f"{tmp_path}/a\0b"):
        with pytest.raises(ConfigError, match=r"cannot be played"):
            load_game(path)


@pytest.mark.parametrize("field", ["pddl_domain", "grammar"])
def test_a_game_of_other_rules_names_the_other_engine(game_file, official, field):
    foreign = official | {field: official[field].replace("move", "put")}
    with pytest.raises(ConfigError, match='engine="textworld"'):
        load_game(game_file(foreign))


@pytest.mark.parametrize("task", ["{__import__('os').getcwd()}", "#look.feedback#", "[a|b]", "", "a\\u0022"])
def test_an_expression_in_the_task_is_refused(official, task):
    start = official["grammar"].index("Your task is to: ") + len("Your task is to: ")
    end = official["grammar"].index('"', start)
    changed = official | {"grammar": official["grammar"][:start] + task + official["grammar"][end:]}
    with pytest.raises(ConfigError, match="its task should be a plain sentence"):
        parse_game(json.dumps(changed).encode())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("(:init", "(:start", r"no \(:init"),
        ("(:goal", "(:aim", r"followed by a \(:goal"),
        ("(pickupable", "(edible", r"\(edible .*\) is not of the ALFWorld domain"),
        ("(openable", "(openable x", r"is not of the ALFWorld domain"),
        ("(openable", "((openable", r"can be read"),
        ("(atLocation agent1", "(atLocation agent1 a) (atLocation agent2", "should say once where the agent is, got 2"),
        ("appletype)", "pear)", "none of the six ALFWorld tasks"),
        ("(objectType Cd", "(objectType Dvd", "says nothing of the type of 'cd_bar"),
        ("(receptacleType Desk", "(receptacleType Table", "receptacles with one place each"),
        ("(receptacleAtLocation", "(receptacleAtLocation Desk_bar_1 x) (receptacleAtLocation", "with one place each"),
        ("(objectType", "(canContain", "should have objects"),
        ("plus_01_dot", "plus_" + "1" * 999 + "_dot", "does not contain 3 numbers"),
        ("loc_bar_3_bar_", "loc_bar_three_bar_", "does not contain 4 numbers"),
    ],
)
def test_a_problem_of_another_kind_says_what_is_wrong(make_problem, old, new, message):
    problem = make_problem()
    assert old in problem
    with pytest.raises(ConfigError, match=message):
        parse_problem(problem.replace(old, new), "put a apple in shelf.")


def test_a_cut_problem_is_an_error(make_problem):
    problem = make_problem()
    for length in range(0, problem.index("))", problem.index("(:goal")), 97):
        with pytest.raises(ConfigError):
            parse_problem(problem[:length], "put a apple in shelf.")


def test_positions_come_from_the_ids(make_game):
    world = make_game().world
    fridge = world.receptacles[world.receptacle_numbers["fridge 1"]]
    assert (fridge.x, fridge.y, fridge.height) == (1.5, -1.25, 0.9)
    pose = world.places[world.receptacles[world.receptacle_numbers["desk 1"]].place].pose
    assert (pose.x, pose.y, pose.heading, pose.pitch) == (0.75, -0.75, 270, 45)


def test_reading_does_not_depend_on_the_current_folder(game_file, official, monkeypatch):
    path = game_file(official)
    monkeypatch.chdir(path.parent)
    assert load_game(path.name) is load_game(path)
