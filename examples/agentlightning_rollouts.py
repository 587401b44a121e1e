"""Agent Lightning: have its controller play a panel with the model behind its gateway, and read what came of it.

Install:  pip install 'vlm-gym[agentlightning]'        # Python 3.12 or newer
Run:      agl-server &                                 # the gateway, port 8080
          agl-controller runner_type=local local_runner.poll_interval=1 &
          python agentlightning_rollouts.py --endpoint http://localhost:8000/v1 --panel cards-v0 --first 5

The endpoint is the inference server of your model, under the name that the gateway asks for
(`default_proxy.model_name`). A trainer of Agent Lightning posts the same rows itself: give it `rollouts(...)`.
"""

import argparse
import os
import time

import httpx

from vlm_gym.adapters.agentlightning import rollouts


def main():
    """Post the rollouts, wait for them, and print the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateway", default="http://localhost:8080")
    parser.add_argument("--endpoint", help="the model's server; without it, those that the gateway knows")
    parser.add_argument("--model", default="Qwen/Qwen2.5-7B-Instruct", help="as the gateway names it")
    parser.add_argument("--panel", default="cards-v0")
    parser.add_argument("--first", type=int, help="only so many episodes of each task")
    options = parser.parse_args()
    key = os.environ.get("AGL_KEY")  # the server's `key=`
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with httpx.Client(base_url=options.gateway, headers=headers, timeout=60) as client:
        if options.endpoint:
            client.post("/api/models", json=[{"model": options.model, "endpoint": options.endpoint}]).raise_for_status()
        body = rollouts(options.panel, options.first, is_train=False)
        posted = client.post("/api/rollouts", json=body).raise_for_status().json()
        while client.get("/api/rollouts", params={"state_in": ["queuing", "running"]}).json():
            time.sleep(0.5)
        played = [metrics_of(client, one["rollout_id"]) for one in posted]
    done = [metrics for metrics in played if metrics is not None]
    print(f"{len(done)} of {len(posted)} episodes were played")
    for name in done[0] if done else ():
        print(f"{name} {sum(metrics[name] for metrics in done) / len(done):.2f}")


def metrics_of(client, rollout):
    """Return how an episode went; None if it failed."""
    events = client.get(f"/api/rollouts/{rollout}/events").json()
    return next((event["data"] for event in events if event["event_type"] == "metrics"), None)


if __name__ == "__main__":
    main()
