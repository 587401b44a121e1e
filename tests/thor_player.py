"""A stand-in for Unity's player of AI2-THOR 2.1.0: it speaks ai2thor's protocol, its world is a game file's.

    python thor_player.py GAMES [--fault NAME] -screen-width 300 ...

GAMES is the folder under which the games lie; which one is played stands in the first of the poses that SetObjectPoses
brings (`thor_games.py` writes them). Pictures are coloured tiles, one for each thing in sight; rooms are not those of
the official scenes: the places of a game are dealt out to the points of FloorPlan25. `--fault` makes it misbehave.
"""

import argparse
import http.client
import json
import os
import sys
import time
from pathlib import Path

from thor_world import ThorWorld

SIZE = 24  # pixels; ai2thor asks for 300, and takes what the metadata say
TILES = 8  # in a row of the picture


def picture(world):
    """Return rows of RGB pixels, the lowest first, as Unity sends them: a tile for each thing in sight."""
    side = SIZE // TILES
    colours = [world.colours[name] for name in world.visible()][: TILES * TILES]
    colours += [(1, tile, tile) for tile in range(len(colours), TILES * TILES)]  # the wall
    rows = []
    for top in range(0, TILES * TILES, TILES):
        row = b"".join(bytes(colour) * side for colour in colours[top : top + TILES])
        rows += [row] * side
    return b"".join(reversed(rows))


def part(name, data, filename=None):
    kind = "image/png" if filename else 'text/plain; charset="utf-8"'
    file = f'; filename="{filename}"' if filename else ""
    head = f'\r\n--BOUNDARY\r\nContent-Type: {kind}\r\nContent-disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + data


def body(world, sequence, fault):
    image, metadata = picture(world), world.metadata(SIZE)
    shown = {"short": image[:-1], "black": bytes(len(image)), "grey": image[: SIZE * SIZE]}.get(fault, image)
    message = {"sequenceId": sequence + (fault == "out-of-step"), "activeAgentId": 0, "agents": [metadata]}
    parts = [part("metadata", json.dumps(message).encode()), part("token", os.environ["AI2THOR_CLIENT_TOKEN"].encode())]
    parts.append(part("image", shown, "image"))
    if fault != "no-segments":
        parts.append(part("image_ids", image, "ids"))
    return b"".join(parts) + b"\r\n--BOUNDARY--\r\n"


def misbehave(fault, action):
    """Do what must not hang the game: "die:STEP", "exit:STEP" or "hang:STEP" before an action of that name."""
    kind, _, name = (fault or "").partition(":")
    if action != name:
        return
    if kind == "die":
        os.abort()
    if kind == "exit":
        sys.exit(0)
    if kind == "hang":
        time.sleep(1000)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("games", type=Path)
    parser.add_argument("--fault")
    options, _ = parser.parse_known_args()
    misbehave(options.fault, "start")
    world, sequence = ThorWorld(), 0
    server = http.client.HTTPConnection(os.environ["AI2THOR_HOST"], int(os.environ["AI2THOR_PORT"]))
    while True:
        fault = options.fault if world.is_loaded else None
        headers = {"Content-Type": 'multipart/form-data; boundary="BOUNDARY"'}
        server.request("POST", "/train", body(world, sequence, fault), headers)
        answer = server.getresponse()
        words = answer.read()
        if answer.status != http.client.OK:
            time.sleep(1000)  # as Unity's player may: what it sent is not its problem
        action = json.loads(words)
        if "action" not in action:
            return  # how ai2thor says goodbye
        misbehave(options.fault, action["action"])
        sequence = action["sequenceId"]
        world.act(action, options.games)


if __name__ == "__main__":
    main()
