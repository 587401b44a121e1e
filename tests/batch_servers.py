"""Stand-ins of the providers' batch APIs, as strict as the real ones, on the small servers of their protocols."""

import itertools
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from openai_server import OpenAIServer, Response, error
from other_servers import AnthropicServer, ResponsesServer, anthropic_error

KEY = re.compile(r"[a-zA-Z0-9_-]{1,64}")


@dataclass
class Job:
    """A batch at the provider: its requests by key, and what became of those that are done."""

    name: str
    requests: dict[str, dict[str, Any]]
    file: str = ""
    fates: dict[str, Any] = field(default_factory=dict)
    num_looks: int = 0
    status: str = "in_progress"
    created: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def results(self) -> list[tuple[str, Any]]:
        """Return what became of the requests, in an order of the provider's own."""
        listed = list(self.fates.items())
        random.Random(self.name).shuffle(listed)
        return listed


class BatchServing:
    """Mixed into a server: it takes batches too, and works one off while it is looked at `num_looks` times.

    Attributes:
        fate: From a job and a request's key to "expired", "cancelled", "lost" or a response; None is the model's.
        ends: From a job to the status that it ends with.
        drops: From the number of a request to the batch API, from 0, to a response in its place, `DROPPED` for example;
            a batch that it would have begun has begun all the same.
    """

    num_looks = 1
    fate: Callable[[Job, str], object] = staticmethod(lambda job, key: None)
    ends: Callable[[Job], str] = staticmethod(lambda job: "completed")
    drops: Callable[[int], Response | None] = staticmethod(lambda number: None)

    def __post_init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.files: dict[str, bytes] = {}
        self._batch_numbers = itertools.count()

    def _respond(self, first_line: str, headers: dict[str, str], body: bytes) -> Response:
        method, url, _ = first_line.split(" ")
        path = url.partition("?")[0]
        if path == self.path:
            return super()._respond(first_line, headers, body)
        refusal = self.refusal_of(headers)
        if refusal is not None:
            return refusal
        answer = self.serve(method, path, headers, body)
        return self.drops(next(self._batch_numbers)) or answer

    def job_of(self, name: str) -> Job:
        """Return a job that is looked at."""
        job = self.jobs[name]
        job.num_looks += 1
        if job.status == "in_progress" and job.num_looks > self.num_looks:
            job.status = self.ends(job)
            if job.status != "failed":
                job.fates = {key: self.fate_of(job, key) for key in job.requests}
        return job

    def fate_of(self, job: Job, key: str) -> object:
        """Return what becomes of a request."""
        fate = self.fate(job, key)
        if fate is None and job.status in ("expired", "cancelled"):
            fate = job.status
        return self._complete(job.requests[key]) if fate is None else fate

    @property
    def asked(self) -> list[str]:
        """The keys of all requests of all batches."""
        return [key for job in self.jobs.values() for key in job.requests]


class OpenAIBatchServing(BatchServing):
    """OpenAI's."""

    def serve(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Response:
        """Serve a request to the batch API."""
        parts = path.removeprefix("/v1/").split("/")
        if (method, parts) == ("POST", ["files"]):
            return self._upload(headers, body)
        if (method, parts) == ("POST", ["batches"]):
            return self._begin(json.loads(body))
        if (method, parts) == ("GET", ["batches"]):
            return _json({"object": "list", "data": [self._told(job) for job in self.jobs.values()]})
        if method == "GET" and parts[0] == "batches" and parts[1] in self.jobs:
            return _json(self._told(self.job_of(parts[1])))
        if method == "GET" and parts[0] == "files" and parts[2:] == ["content"]:
            return Response(body=self._content(parts[1]), headers=(("Content-Type", "application/octet-stream"),))
        return error(404, f"Invalid URL ({method} {path})", "unknown_url")

    def _upload(self, headers: dict[str, str], body: bytes) -> Response:
        kind, _, border = headers["content-type"].partition("; boundary=")
        fields = body.split(b"--" + border.encode())
        if kind != "multipart/form-data" or len(fields) != 4 or fields[0] or fields[3].strip() != b"--":
            return error(400, "not a form")
        if fields[1].split(b"\r\n\r\n") != [b'\r\nContent-Disposition: form-data; name="purpose"', b"batch\r\n"]:
            return error(400, "purpose must be batch")
        head, data = fields[2].split(b"\r\n\r\n", 1)
        if b'name="file"' not in head or b"filename=" not in head:
            return error(400, "a file is missing")
        name = f"file-{len(self.files)}"
        self.files[name] = data
        return _json({"id": name, "object": "file", "purpose": "batch", "bytes": len(data), "filename": "r.jsonl"})

    def _begin(self, batch: dict[str, Any]) -> Response:
        if set(batch) != {"input_file_id", "endpoint", "completion_window"} or batch["completion_window"] != "24h":
            return error(400, f"Invalid batch: {batch}")
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines() if line.strip()]
        job = Job(f"batch_{len(self.jobs)}", {}, batch["input_file_id"])
        for line in lines:
            if set(line) != {"custom_id", "method", "url", "body"} or line["method"] != "POST":
                return error(400, f"Invalid line: {line}")
            if line["url"] != batch["endpoint"] or batch["endpoint"] != self.path or line["custom_id"] in job.requests:
                return error(400, f"Invalid line: {line['custom_id']}")
            job.requests[line["custom_id"]] = line["body"]
        self.jobs[job.name] = job
        return _json(self._told(job))

    def _told(self, job: Job) -> dict[str, Any]:
        num_good = sum(isinstance(fate, Response) and fate.status == 200 for fate in job.fates.values())
        is_over = bool(job.fates)
        errors = {
            "object": "list",
            "data": [{"code": "token_limit_exceeded", "message": "Enqueued token limit reached"}],
        }
        return {
            "id": job.name,
            "object": "batch",
            "endpoint": self.path,
            "errors": errors if job.status == "failed" else None,
            "input_file_id": job.file,
            "status": job.status,
            "output_file_id": f"out-{job.name}" if is_over and num_good else None,
            "error_file_id": f"err-{job.name}" if is_over and num_good < len(job.fates) else None,
            "request_counts": {
                "total": len(job.requests),
                "completed": num_good,
                "failed": len(job.fates) - num_good,
            },
        }

    def _content(self, name: str) -> bytes:
        kind, _, job = name.partition("-")
        lines = []
        for key, fate in self.jobs[job].results():
            is_good = isinstance(fate, Response) and fate.status == 200
            if fate == "lost" or is_good != (kind == "out"):
                continue
            line = {"id": f"batch_req_{key[:8]}", "custom_id": key, "response": None, "error": None}
            if isinstance(fate, Response):
                line["response"] = {"status_code": fate.status, "request_id": "req_1", "body": json.loads(fate.body)}
            else:
                line["error"] = {"code": f"batch_{fate}", "message": f"This request was not executed: {fate}."}
            lines.append(json.dumps(line))
        return "\n".join(lines).encode()


class AnthropicBatchServing(BatchServing):
    """Anthropic's."""

    def serve(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Response:
        """Serve a request to the batch API."""
        parts = path.removeprefix("/v1/messages/batches").split("/")[1:]
        if method == "POST" and not parts:
            return self._begin(json.loads(body))
        if method == "GET" and not parts:
            return _json({"data": [self._told(job) for job in self.jobs.values()], "has_more": False})
        if method == "GET" and len(parts) == 1 and parts[0] in self.jobs:
            return _json(self._told(self.job_of(parts[0])))
        if method == "GET" and parts[1:] == ["results"] and self.jobs[parts[0]].fates:
            return Response(body=self._content(self.jobs[parts[0]]), headers=(("Content-Type", "application/x-jsonl"),))
        return anthropic_error(404, "not_found_error", f"{method} {path}")

    def _begin(self, batch: dict[str, Any]) -> Response:
        job = Job(f"msgbatch_{len(self.jobs)}", {})
        for request in batch["requests"]:
            key = request["custom_id"]
            if set(request) != {"custom_id", "params"} or not KEY.fullmatch(key) or key in job.requests:
                return anthropic_error(400, "invalid_request_error", f"requests: {key}")
            job.requests[key] = request["params"]
        self.jobs[job.name] = job
        return _json(self._told(job))

    def _told(self, job: Job) -> dict[str, Any]:
        fates = [_anthropic_fate(fate)["type"] for fate in job.fates.values()]
        counts = {name: fates.count(name) for name in ("succeeded", "errored", "canceled", "expired")}
        return {
            "id": job.name,
            "type": "message_batch",
            "processing_status": "ended" if job.fates else "in_progress",
            "request_counts": {"processing": len(job.requests) - len(fates), **counts},
            "created_at": job.created.isoformat().replace("+00:00", "Z"),
            "results_url": "http://somewhere.else.example/steals/the/key",
        }

    def _content(self, job: Job) -> bytes:
        lines = ({"custom_id": key, "result": _anthropic_fate(fate)} for key, fate in job.results() if fate != "lost")
        return "\n".join(map(json.dumps, lines)).encode()


def _anthropic_fate(fate: object) -> dict[str, Any]:
    if not isinstance(fate, Response):
        return {"type": {"cancelled": "canceled"}.get(fate, fate)}
    body = json.loads(fate.body)
    return {"type": "succeeded", "message": body} if fate.status == 200 else {"type": "errored", "error": body}


def _json(value: object) -> Response:
    return Response(body=json.dumps(value).encode())


@dataclass
class OpenAIBatchServer(OpenAIBatchServing, OpenAIServer):
    """Chat completions, in batches too."""


@dataclass
class ResponsesBatchServer(OpenAIBatchServing, ResponsesServer):
    """Responses, in batches too."""


@dataclass
class AnthropicBatchServer(AnthropicBatchServing, AnthropicServer):
    """Messages, in batches too."""
