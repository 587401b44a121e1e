"""A model that knows what to answer by the very pixels that it is shown, and an OpenAI server that serves it.

Its answers are the oracle's, but for some pictures, whose answer cannot be read: so scores, rewards and faults are what
they are only if every picture arrives unchanged, with the words that belong to it. An unknown picture is remembered.
"""

import base64
import hashlib
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image

from vlm_gym.evaluation.runs.panels import get_panel
from vlm_gym.rollout import Rollout

TASKS = ("vlm_gym/NumberLine-v0", "vlm_gym/Points24-v0", "vlm_gym/Household-v0")
NUM_EPISODES = 2  # of each task
UNREADABLE = "I would rather not say."
SHARE_UNREADABLE = 5  # one picture in so many


def chosen_episodes():
    """Return the first episodes of each task, from the panels."""
    panels = (get_panel("cards-v0").first(NUM_EPISODES), get_panel("household-v0").first(NUM_EPISODES))
    return [episode for panel in panels for episode in panel.episodes if episode.task in TASKS]


class PixelModel:
    """Answers a picture with its words; `expected` is what each of the episodes comes to, by its key."""

    def __init__(self, episodes, parser=None):
        self.unknown, self.num_known, self._answers, self.expected = [], 0, {}, {}
        with Rollout(parser=parser) as rollout:
            for episode in episodes:
                step = rollout.start(episode)
                while not step.is_over:
                    step = rollout.answer(self._learn(rollout))
                self.expected[episode.key] = rollout.metrics()

    def answer(self, picture, text):
        """Return the answer to a picture, an array or an image, with the words beside it."""
        key = _key(picture, text)
        if key not in self._answers:
            self.unknown.append(text)
            return "I do not know this picture."
        self.num_known += 1
        return self._answers[key]

    def answer_messages(self, messages):
        """Answer a conversation in OpenAI's form by its last message, which must hold a picture."""
        parts = messages[-1]["content"]
        if isinstance(parts, str):
            self.unknown.append(parts)
            return "I see no picture."
        url = next(part["image_url"] for part in parts if part["type"] == "image_url")
        url = url["url"] if isinstance(url, dict) else url
        picture = Image.open(io.BytesIO(base64.b64decode(url.partition("base64,")[2])))
        return self.answer(picture, "".join(part["text"] for part in parts if part["type"] == "text"))

    def _learn(self, rollout):
        session = rollout.session
        question = session.question
        action = session.task.oracle_action()
        if action is None:
            action = session.task.actions.sample(np.random.default_rng(0))
        key = _key(question.picture, question.text)
        is_readable = int(key[:8], 16) % SHARE_UNREADABLE != 0 or key in self._answers
        answer = session.parser.write(action, session.task.actions) if is_readable else UNREADABLE
        return self._answers.setdefault(key, answer)


def _key(picture, text):
    pixels = np.asarray(picture.convert("RGB") if isinstance(picture, Image.Image) else picture)
    return hashlib.sha256(pixels.tobytes() + text.encode()).hexdigest()


class PixelServer:
    """Serves a model as chat completions, streamed or not, on the loopback; `most_at_once` were in flight together."""

    def __init__(self, model):
        self.model, self.most_at_once, self._at_once, self._lock = model, 0, 0, threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer._lock:
                    outer._at_once += 1
                    outer.most_at_once = max(outer.most_at_once, outer._at_once)
                threading.Event().wait(0.01)  # long enough for others to come
                data, kind = outer._reply(body)
                with outer._lock:
                    outer._at_once -= 1
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def _reply(self, body):
        text = self.model.answer_messages(body["messages"])
        said = {"role": "assistant", "content": text}
        usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
        head = {"id": "chatcmpl-1", "created": 1, "model": body["model"]}
        if not body.get("stream"):
            choices = [{"index": 0, "finish_reason": "stop", "message": said}]
            reply = {**head, "object": "chat.completion", "choices": choices, "usage": usage}
            return json.dumps(reply).encode(), "application/json"
        deltas = [
            ({"index": 0, "delta": said, "finish_reason": None},),
            ({"index": 0, "delta": {}, "finish_reason": "stop"},),
        ]
        chunks = [{**head, "object": "chat.completion.chunk", "choices": list(choices)} for choices in (*deltas, ())]
        chunks[-1]["usage"] = usage
        lines = [*(json.dumps(chunk) for chunk in chunks), "[DONE]"]
        return "".join(f"data: {line}\n\n" for line in lines).encode(), "text/event-stream"
