"""Tasks as an agent loop of verl, which plays an episode with verl's own inference server.

    # agent_loop.yaml, for actor_rollout_ref.rollout.agent.agent_loop_config_path
    - name: vlm_gym
      _target_: vlm_gym.adapters.verl.VlmGymAgentLoop
      settings: {system: Look closely.}

The rows of the data are `verl_rows(panel)` as JSON lines or parquet. A trajectory is one conversation that grows: all
its pictures stay, `rollout.prompt_length` must hold the first question and `rollout.response_length` all that follows;
an episode whose next question does not fit is cut off there and keeps what it was paid. Written for verl 0.9.1.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from vlm_gym.adapters import needs
from vlm_gym.chat import ChatSettings
from vlm_gym.evaluation.runs.panels import Panel, rows
from vlm_gym.messages import Message, to_hugging_face
from vlm_gym.rollout import Rollout

with needs("verl"):
    from verl.experimental.agent_loop.agent_loop import AgentLoopBase, AgentLoopOutput, register
    from verl.utils.profiler import simple_timer

NAME: Final = "vlm_gym"  # of the agent loop, in a row's column `agent_name`


def verl_rows(panel: str | Panel, first: int | None = None) -> list[dict[str, Any]]:
    """Return a panel's episodes as rows of verl's RLHFDataset.

    Args:
        panel: A panel or its name.
        first: Only the first so many episodes of each task.
    """
    told = {"prompt": [{"role": "user", "content": "The task asks."}], "reward_model": {"style": "rule"}}
    return [
        {"agent_name": NAME, "data_source": row["task"], **told, "extra_info": {"index": index}, **row}
        for index, row in enumerate(rows(panel, first))
    ]


@register(NAME)
class VlmGymAgentLoop(AgentLoopBase):
    """Plays the episode of a row. The reward is what it paid, `reward_extra_info` holds `Rollout.metrics`.

    Args:
        settings: Those of `vlm_gym.ChatSettings` by name that a conversation which only grows can keep.
        parser: What reads the answers; None for "json".
        arguments: verl's own.

    Raises:
        ConfigError: if a setting is wrong.
    """

    def __init__(
        self, *, settings: Mapping[str, Any] | None = None, parser: str | None = None, **arguments: Any
    ) -> None:
        self._rollout = Rollout(ChatSettings.from_plain(settings or {}), parser=parser, append_only=True)
        super().__init__(**arguments)
        self._special_tokens = self.tokenizer.all_special_tokens

    async def run(self, sampling_params: dict[str, Any], **row: Any) -> AgentLoopOutput:
        """Play the episode of a row to its end, or as far as `response_length` goes."""
        with self._rollout as rollout:
            return await self._play(rollout, sampling_params, row)

    async def _play(self, rollout: Rollout, sampling_params: dict[str, Any], row: dict[str, Any]) -> AgentLoopOutput:
        talk, request = _Talk(self._tell(rollout.start(row).news)), uuid4().hex
        self._assert_mm_supported(bool(talk.pictures))
        talk.ids = await self.ct_build_initial_tokens(talk.messages, images=talk.pictures or None)
        while True:
            with simple_timer("generate_sequences", talk.timing):
                said = await self.server_manager.generate(
                    request_id=request,
                    prompt_ids=talk.ids,
                    sampling_params=sampling_params,
                    image_data=talk.pictures or None,
                )
            logps = said.log_probs or None
            merged, talk.mask, talk.logps = await self.ct_merge_assistant_token(
                talk.ids, said.token_ids, talk.mask, talk.logps if logps else None, assistant_logprobs=logps
            )
            talk.ids, talk.more = merged.token_ids, _joined(talk.more, said.extra_fields)
            text = self.tokenizer.decode(said.token_ids, skip_special_tokens=True)
            step = rollout.answer(text)
            talk.paid.append(step.reward)
            if step.is_over or not await self._ask_on(talk, text, self._tell(step.news)):
                return talk.output(rollout.metrics(), self.rollout_config.response_length)

    async def _ask_on(self, talk: "_Talk", said: str, news: list[dict[str, Any]]) -> bool:
        """Add an answer and what is asked then; return False, and add nothing, where there is no room for it."""
        before = [*talk.messages, {"role": "assistant", "content": said}]
        messages = [*before, *news]
        merged, mask, logps = await self.ct_merge_context_msg(before, messages, talk.ids, talk.mask, talk.logps)
        if len(mask) >= self.rollout_config.response_length:
            return False
        talk.messages, talk.pictures = messages, [*talk.pictures, *_pictures(news)]
        talk.ids, talk.mask, talk.logps = merged.token_ids, mask, logps
        return True

    def _tell(self, messages: Iterable[Message]) -> list[dict[str, Any]]:
        return to_hugging_face(messages, self._special_tokens)


@dataclass
class _Talk:
    """What was said so far: `ids` are all its tokens, `mask` and `logps` those after the first question."""

    messages: list[dict[str, Any]]
    ids: list[int] = field(default_factory=list)
    mask: list[int] = field(default_factory=list)  # 1 for what the model said
    logps: list[float] | None = field(default_factory=list)
    paid: list[float] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)  # of the inference server
    timing: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pictures = _pictures(self.messages)

    def output(self, metrics: dict[str, float], room: int) -> AgentLoopOutput:
        """Return it as verl wants it, no longer than there is room."""
        start = len(self.ids) - len(self.mask)
        told = {"turn_scores": self.paid, "tool_rewards": [], "reward_extra_info": metrics}
        return AgentLoopOutput(
            prompt_ids=self.ids[:start],
            response_ids=self.ids[start:][:room],
            response_mask=self.mask[:room],
            response_logprobs=self.logps[:room] if self.logps else None,
            multi_modal_data={"images": self.pictures} if self.pictures else {},
            reward_score=metrics["return"],
            num_turns=2 * len(self.paid),
            metrics=self.timing,
            extra_fields={**self.more, **told},
        )


def _joined(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Return what the server said besides the first answer, and of its newest weights what it said last."""
    return {**now, **before, **{name: now[name] for name in now if name == "max_global_steps"}}


def _pictures(messages: list[dict[str, Any]]) -> list[Any]:
    return [part["image"] for message in messages for part in message["content"] if part["type"] == "image"]
