"""One env as a conversation: messages with pictures out, answers in.

Pure and synchronous, for any evaluator or trainer. `vlm_gym.messages` writes the messages in three dialects.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal, get_args

import gymnasium as gym
import numpy as np

from vlm_gym.envs.base import TaskEnv
from vlm_gym.errors import ConfigError, check_choice, check_int, check_is
from vlm_gym.messages import Message, estimate_tokens
from vlm_gym.parsers.base import Parser, Unparsed
from vlm_gym.prompts.reask import reask
from vlm_gym.render.canvas import Picture

Shown = Literal["picture", "text", "both"]

MAX_HISTORY: Final = 10_000
MAX_REASKS: Final = 10
MAX_PICTURE_SIZE: Final = 4096


@dataclass(frozen=True)
class ChatSettings:
    """How a task is told as a conversation.

    Attributes:
        system: The system message; None for none.
        question: Text in place of the task's own prompt, in which {goal} stands for `info["goal"]` and {prompt} for the
            task's prompt; None for that prompt. For models that were trained on a short one.
        show: What a turn shows: the "picture", the picture's content as "text" (for ablations), or "both".
        history: How many past turns are shown again, each with the answer that was played; "all" for all.
        history_pictures: Whether past turns keep their pictures.
        token_budget: The most tokens of a request, or None; the oldest turns are left out beyond it.
        picture_size: Side in pixels to which smaller pictures are enlarged; None leaves them as they are. A sharper
            picture comes from the task's own `image_size`.
        tell_mistakes: Whether a message says what was wrong with the last turn's answer, where the task's own prompt
            does not say so itself or is not shown.
        max_reasks: How often an answer that is a fault, or a move that breaks a rule, is asked for again before it
            counts. Rules are checked where a task lists its legal actions, so not for formulas.
    """

    system: str | None = None
    question: str | None = None
    show: Shown = "picture"
    history: int | Literal["all"] = 0
    history_pictures: bool = True
    token_budget: int | None = None
    picture_size: int | None = None
    tell_mistakes: bool = False
    max_reasks: int = 0

    def __post_init__(self) -> None:
        for name in ("system", "question"):
            if not isinstance(getattr(self, name), str | None):
                raise ConfigError(f"{name} must be a str or None, got {getattr(self, name)!r}")
        if self.question is not None and not self.question.strip():
            raise ConfigError(f"question must say something, or be None for the task's prompt; got {self.question!r}")
        check_choice("show", self.show, get_args(Shown))
        if not isinstance(self.history, str) or self.history != "all":
            check_int("history, if not 'all',", self.history, 0, MAX_HISTORY)
        for name in ("history_pictures", "tell_mistakes"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(f"{name} must be True or False, got {getattr(self, name)!r}")
        if self.token_budget is not None:
            check_int("token_budget", self.token_budget, 1, 10**9)
        if self.picture_size is not None:
            check_int("picture_size", self.picture_size, 1, MAX_PICTURE_SIZE)
        check_int("max_reasks", self.max_reasks, 0, MAX_REASKS)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "ChatSettings":
        """Return settings by their names, as files and other programs hold them.

        Raises:
            ConfigError: for an unknown name, or a value that is wrong.
        """
        known = [field.name for field in fields(cls)]
        for name in plain:
            check_choice("each setting of the conversation", name, known)
        return cls(**plain)

    def to_plain(self) -> dict[str, Any]:
        """Return them as runs and data sets write them: what was added later is left out where it says nothing."""
        return {name: value for name, value in asdict(self).items() if name != "question" or value is not None}


@dataclass(frozen=True, eq=False)
class ChatTurn:
    """One turn that was played.

    `before` is the env's info that the player was shown, `answers` are all answers of the turn, of which the last one
    counted, and `info` is the env's info after it. Pictures are not kept: an episode's would fill 20 MB.
    """

    before: dict[str, Any]
    answers: tuple[str, ...]
    reward: float
    is_terminated: bool
    is_truncated: bool
    info: dict[str, Any]

    @property
    def is_over(self) -> bool:
        """Whether the episode ended with this turn."""
        return self.is_terminated or self.is_truncated


class ChatSession:
    """Plays one env as a conversation.

    It is driven like this::

        session = ChatSession(gym.make("vlm_gym/Points24-v0", parser="json"))
        session.reset(seed=0)
        while not session.is_over:
            session.answer(model(to_openai(session.messages())))

    `picture` and `info` are the env's last ones, `turns` those that were played.

    Args:
        env: A task of this suite in text play, `gym.make(..., parser=...)`.
        settings: How the task is told.
        count_tokens: Counts the tokens of a message, for `settings.token_budget`.

    Raises:
        ConfigError: if `env` is not a task in text play.
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        settings: ChatSettings | None = None,
        count_tokens: Callable[[Message], int] = estimate_tokens,
    ) -> None:
        check_is("env", env, gym.Env, "an environment, such as gym.make('vlm_gym/NumberLine-v0', parser='json')")
        check_is("settings", settings, ChatSettings | None, "ChatSettings or None")
        check_is("count_tokens", count_tokens, Callable, "a function of a Message")
        task = env.unwrapped
        if not isinstance(task, TaskEnv) or not env.has_wrapper_attr("parser"):
            raise ConfigError(f"a chat needs a task of vlm_gym in text play: gym.make(..., parser='json'); got {env!r}")
        self.env = env
        self.task: TaskEnv[Any, Any] = task
        self.parser: Parser = env.get_wrapper_attr("parser")
        self.settings = settings or ChatSettings()
        self.count_tokens = count_tokens
        self.turns: list[ChatTurn] = []
        self._asked_again: list[Message] = []
        self._past: list[Message] = []
        self._question: Message | None = None
        self.picture: Picture = np.zeros((0, 0, 3), np.uint8)
        self.info: dict[str, Any] = {}

    @property
    def question(self) -> Message:
        """The message that asks for this turn's answer."""
        if self._question is None:
            raise gym.error.ResetNeeded("expected reset() before anything else: no episode has been started")
        return self._question

    @property
    def last_message(self) -> Message:
        """The last one of `messages()`: this turn's question, or what was wrong with an answer to it."""
        return self._asked_again[-1] if self._asked_again else self.question

    @property
    def is_over(self) -> bool:
        """Whether the episode has ended."""
        return bool(self.turns) and self.turns[-1].is_over

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Start an episode; arguments as those of the env's reset.

        Raises:
            ConfigError: if the env's `info` has no words, and for what the env's reset refuses.
        """
        self.picture, self.info = self.env.reset(seed=seed, options=options)
        if "prompt" not in self.info:
            raise ConfigError("a chat needs info in words: make the env without info='numeric'")
        if self.settings.show == "text" and not self.info["observation_text"]:
            raise ConfigError(f"show='text' needs a task that has words for its picture, got {self.env!r}")
        self.turns, self._past, self._asked_again = [], [], []
        self._question = self._ask()

    def messages(self) -> tuple[Message, ...]:
        """Return what to send now: the system message, past turns, this turn's question, and what was asked again."""
        opening = () if self.settings.system is None else (Message("system", self.settings.system),)
        closing = (self.question, *self._asked_again)
        past: Sequence[Message] = self._past
        if self.settings.token_budget is not None:
            past = self._fitting(past, self.settings.token_budget - sum(map(self.count_tokens, (*opening, *closing))))
        return (*opening, *past, *closing)

    def answer(self, text: str) -> ChatTurn | None:
        """Play an answer; None if it is not played but asked for again (`settings.max_reasks`).

        Raises:
            ConfigError: if the answer is not a str. A text of any content is fine.
            gymnasium.error.ResetNeeded: before the first reset, and after the end of an episode.
        """
        if not isinstance(text, str):
            raise ConfigError(f"an answer must be a str, got {text!r}")
        if self.is_over:
            raise gym.error.ResetNeeded("expected reset(): the episode has ended")
        answers = (*(message.text for message in self._asked_again[::2]), text)
        if len(answers) <= self.settings.max_reasks:
            mistake = self._mistake(text)
            if mistake is not None:
                self._asked_again += [Message("assistant", text), Message("user", f"{mistake} Please answer again.")]
                return None
        before = self.info
        self.picture, reward, is_terminated, is_truncated, self.info = self.env.step(text)
        self.turns.append(ChatTurn(before, answers, float(reward), is_terminated, is_truncated, self.info))
        self._remember(text)
        self._asked_again = []
        self._question = self._ask()
        return self.turns[-1]

    def _ask(self) -> Message:
        info, question = self.info, self.settings.question
        text = info["prompt"] if question is None else _fill_in(question, info)
        if self.settings.show != "picture" and info["observation_text"] not in text:
            text = f"The picture in words: {info['observation_text']}\n\n{text}"
        if self.settings.tell_mistakes and (question is not None or not self.task.tells_mistakes) and self.turns:
            told = _told(info["fault"], info["illegal"])
            text = text if told is None or told in text else f"{told}\n\n{text}"  # on_fault="ask" tells it too
        return Message("user", text, None if self.settings.show == "text" else self._enlarged(self.picture))

    def _enlarged(self, picture: Picture) -> Picture:
        size = self.settings.picture_size
        if size is None or size <= picture.shape[0]:
            return picture
        from vlm_gym.render.opencv import cv2

        return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_CUBIC), np.uint8)

    def _remember(self, answer: str) -> None:
        """Keep this turn as later turns show it, and no more turns than they show."""
        question = self.question if self.settings.history_pictures else Message("user", self.question.text)
        self._past += [question, Message("assistant", answer)]
        if self.settings.history != "all":
            del self._past[: max(0, len(self._past) - 2 * self.settings.history)]

    def _fitting(self, past: Sequence[Message], budget: int) -> list[Message]:
        """Return the latest turns, each a question and its answer, that fit the budget."""
        kept: list[Message] = []
        for i in range(len(past) - 2, -1, -2):
            turn = past[i : i + 2]
            budget -= sum(map(self.count_tokens, turn))
            if budget < 0:
                break
            kept = [*turn, *kept]
        return kept

    def _mistake(self, text: str) -> str | None:
        """Say what is wrong with an answer before it is played; None if nothing is known to be."""
        answer = self.parser.parse(text, self.task.actions)
        if isinstance(answer, Unparsed):
            return reask(answer, self.parser, self.task.actions, self.question.text)
        admissible = self.info["admissible_actions"]
        if not admissible or answer.action in admissible:
            return None
        return _told(None, f"{answer.action!r} is not possible now")


def _fill_in(question: str, info: Mapping[str, Any]) -> str:
    """Put what `info` says in place of the names in braces."""
    words = {name: ", ".join(value) if isinstance(value, tuple) else value for name, value in info.items()}
    try:
        return question.format_map(words)
    except (KeyError, IndexError, ValueError, AttributeError, TypeError) as error:
        raise ConfigError(
            f"question {question!r} must be text with keys of info in braces, and {{{{ for a brace: {error}. Keys are "
            f"{', '.join(words)}"
        ) from error


def _told(fault: str | None, illegal: str | None) -> str | None:
    if fault is not None:
        return f"Your last answer could not be read ({fault})."
    if illegal is not None:
        return f"Your last answer broke a rule: {illegal}."
    return None
