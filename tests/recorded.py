"""What two runs must have in common."""

from dataclasses import replace

from vlm_gym.evaluation.runs.run_folder import PICTURES, read_episodes, read_turns


def results(folder):
    """Return all that a run recorded, in one order and without the times, and its pictures' names."""
    turns = [_timeless(turn) for turn in read_turns(folder)]
    episodes = [replace(episode, latency_s=0.0) for episode in read_episodes(folder)]
    return (
        sorted(turns, key=lambda turn: (turn.episode, turn.turn)),
        sorted(episodes, key=lambda episode: episode.episode),
        sorted(path.name for path in (folder / PICTURES).iterdir()),
    )


def _timeless(turn):
    return replace(turn, latency_s=0.0, replies=tuple(replace(reply, latency_s=0.0) for reply in turn.replies))
