"""An episode as a film."""

import resource
import shutil

import cv2
import pytest
from PIL import Image

from vlm_gym.cli import main
from vlm_gym.errors import ConfigError, RunError
from vlm_gym.evaluation.report.film import film_episode, find_episode, make_frames
from vlm_gym.evaluation.report.results import episode_id
from vlm_gym.evaluation.runs.played import read_played
from vlm_gym.evaluation.runs.run_folder import picture_path


@pytest.fixture
def played(runs):
    """The episode of most turns."""
    return max(read_played(runs / "random"), key=lambda item: len(item.turns))


def test_a_gif_has_a_frame_for_each_turn_and_one_for_the_end(runs, played, tmp_path):
    out = tmp_path / "deep" / "film.gif"
    film_episode(runs / "random", played.episode.episode, out, seconds=0.5)
    with Image.open(out) as film:
        assert film.n_frames == len(played.turns) + 1
        durations = []
        for i in range(film.n_frames):
            film.seek(i)
            durations.append(film.info["duration"])
    assert durations == [500] * len(played.turns) + [1500]


def test_a_video_lasts_as_long_as_its_turns(runs, played, tmp_path):
    out = tmp_path / "film.mp4"
    film_episode(runs / "random", played.episode.episode, out, seconds=0.5)
    video = cv2.VideoCapture(str(out))
    seconds = video.get(cv2.CAP_PROP_FRAME_COUNT) / video.get(cv2.CAP_PROP_FPS)
    assert seconds == pytest.approx(0.5 * (len(played.turns) + 3))
    is_read, frame = video.read()
    assert is_read
    assert frame.shape[1] == 420
    video.release()


@pytest.mark.parametrize("size", [0, 300, 10_000])
@pytest.mark.parametrize("ending", ["gif", "mp4"])
def test_a_film_that_does_not_fit_on_the_disk_is_none(runs, played, tmp_path, ending, size):
    (tmp_path / f"film.{ending}").write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        with pytest.raises(ConfigError, match=rf"cannot write .*film\.{ending}"):
            film_episode(runs / "random", played.episode.episode, tmp_path / f"film.{ending}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(f"film.{ending}", "old")]


@pytest.mark.parametrize("ending", ["gif", "mp4"])
@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e-9, 61.0, 1e300, float("inf"), float("nan")])
def test_a_turn_that_no_player_can_show_is_refused(runs, played, tmp_path, ending, seconds):
    with pytest.raises(ConfigError, match=r"seconds must be a number from 0\.02 to 60, got"):
        film_episode(runs / "random", played.episode.episode, tmp_path / f"film.{ending}", seconds)


def test_a_path_that_opencv_cannot_write_is_said(runs, played, tmp_path):
    """OpenCV would end the process."""
    for name in ("läuft 🂡.mp4", "\udcff.gif"):
        film_episode(runs / "random", played.episode.episode, tmp_path / name)
    with pytest.raises(ConfigError, match=r"cannot write .*not UTF-8"):
        film_episode(runs / "random", played.episode.episode, tmp_path / "\udcff.mp4")


def test_a_frame_shows_the_picture_above_its_caption(runs, played):
    frames = make_frames(runs / "random", played)
    assert len({frame.size for frame in frames}) == 1
    with Image.open(picture_path(runs / "random", played.turns[0].picture)) as picture:
        shown = frames[0].crop((0, 0, 420, 420)).resize(picture.size)
        errors = [abs(a - b) for a, b in zip(shown.tobytes(), picture.convert("RGB").tobytes(), strict=True)]
    assert sum(errors) / len(errors) < 8
    captions = [frame.crop((0, 420, *frame.size)).tobytes() for frame in frames]
    assert len(set(captions)) == len(captions)


def test_an_episode_goes_by_three_names(runs, played):
    episode = played.episode
    task = episode.task.removeprefix("vlm_gym/")
    short = f"{task}:{episode.seed}"
    for name in (episode.episode, episode_id(episode.episode), short, f"vlm_gym/{short}"):
        assert find_episode(runs / "random", name) == played


def test_hostile_answers_are_filmed_too(hostile_run, tmp_path):
    film_episode(hostile_run, "NumberLine-v0:0", tmp_path / "film.gif")
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames > 1


def test_an_unknown_episode_is_answered_with_known_ones(runs, tmp_path):
    with pytest.raises(RunError, match=r"no finished episode 'Points:7'.*It has .*-v0:1000000000"):
        film_episode(runs / "random", "Points:7", tmp_path / "film.gif")


def test_a_missing_picture_is_named(runs, played, tmp_path):
    copy = shutil.copytree(runs / "random", tmp_path / "copy")
    picture_path(copy, played.turns[0].picture).unlink()
    with pytest.raises(RunError, match=f"cannot read the picture .*{played.turns[0].picture}"):
        film_episode(copy, played.episode.episode, tmp_path / "film.gif")


def test_another_format_is_refused(runs, played, tmp_path):
    with pytest.raises(ConfigError, match=r"a film is a \.gif or \.mp4 file"):
        film_episode(runs / "random", played.episode.episode, tmp_path / "film.avi")


def test_the_command_tells_what_it_wrote(capsys, runs, played, tmp_path):
    out = tmp_path / "film.gif"
    assert main(["film", str(runs / "random"), played.episode.episode, "--out", str(out)]) == 0
    assert f"The film: {out} ({len(played.turns)} turns, " in capsys.readouterr().out


def test_a_film_has_the_name_of_a_gif_or_mp4_file(capsys, runs):
    with pytest.raises(SystemExit):
        main(["film", str(runs / "random"), "x", "--out", "film.avi"])
    assert "must be the name of a .gif or .mp4 file, got film.avi" in capsys.readouterr().err
