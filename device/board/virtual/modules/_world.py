# The world around the board, for its doubles: the file /.board, a JSON object, read afresh each time.
import json


def get(what):
    try:
        with open("/.board") as f:
            return json.load(f).get(what)
    except (OSError, ValueError):
        return None
