"""`tradestream dead-letters`: look at what services set aside, and send it back to where it came from."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from contracts.errors import BadInputError
from contracts.timestamps import iso_utc
from embedded.terminal.rows import print_json
from results.report.wording import count
from streaming.dead_letters.dead_letter import DeadLetter
from streaming.dead_letters.replay import Choice, find_dead_letters, obstacles, replay
from streaming.kafka.grants import services
from streaming.settings import ServiceSettings
from verify.log import open_log

ACTIONS = ("list", "show", "replay")
_ACTOR = "operator"
_FIELD_WIDTH = 12


@dataclass(frozen=True)
class LetterOptions:
    """What a person may choose; see ``tradestream dead-letters --help``."""

    action: str
    choice: Choice
    run: Path | None = None
    yes: bool = False
    force: bool = False
    at_most: int = 50
    as_json: bool = False


def run_dead_letters(options: LetterOptions, console: Console) -> None:
    """List, show or replay the letters of a log.

    Raises
    ------
    BadInputError
        If there is no such log, action, service or letter.
    """
    if options.action not in ACTIONS:
        raise BadInputError("ACTION", f"one of {', '.join(ACTIONS)}", options.action)
    if options.choice.service not in (None, *services()):
        raise BadInputError("--service", f"one of {', '.join(services())}", options.choice.service)
    settings = open_log(options.run).settings
    found = find_dead_letters(settings, options.choice)
    unknown = sorted(set(options.choice.ids) - {letter.id for letter in found})
    if unknown:
        raise BadInputError("--id", "the id of a dead letter, as `tradestream dead-letters` lists them", unknown[0])
    if options.as_json and options.action != "replay":
        print_json([letter_facts(letter) for letter in found[-options.at_most :]])
        return
    if not found:
        console.print("no dead letters")
        return
    match options.action:
        case "list":
            _list(found, console, options.at_most)
        case "show":
            for letter in found[-options.at_most :]:
                _show(letter, console)
        case "replay":
            _replay(found, settings, options, console)


def _list(found: list[DeadLetter], console: Console, at_most: int) -> None:
    for letter in found[-at_most:]:
        when = _when(letter) + (", replayed since" if letter.replayed_at_us else "")
        again = f", a replay of {letter.replay_of}" if letter.replay_of else ""
        where = f"  from {letter.source}, key {_text(letter.record.key)}: {letter.reason}{again}"
        console.print(Text.assemble((letter.id, "bold"), f"  {when}", where), soft_wrap=True)
        console.print(Text(f"    {_line(letter.error)}", "bright_black"), no_wrap=True, overflow="ellipsis")
        if letter.damage:
            console.print(Text(f"    its header is damaged: {letter.damage}", "red"), soft_wrap=True)
    reasons = Counter((letter.service, letter.reason) for letter in found)
    for (service, reason), number in reasons.most_common():
        console.print(f"{count(number):>6}  {service}: {reason}", highlight=False)


def letter_facts(letter: DeadLetter) -> dict[str, Any]:
    """Return what is known of a letter, ready for JSON; None is what it does not say."""
    return {
        "id": letter.id,
        "service": letter.service,
        "set_aside_at": iso_utc(letter.set_aside_at_us) if letter.set_aside_at_us else None,
        "from": str(letter.source),
        "key": _text(letter.record.key),
        "reason": letter.reason,
        "error": letter.error,
        "replayed_at": iso_utc(letter.replayed_at_us) if letter.replayed_at_us else None,
        "replay_of": letter.replay_of or None,
        "headers": {name: _text(value) for name, value in letter.original_headers.items()},
        "damage": letter.damage or None,
        "value": None if letter.record.value is None else _text(letter.record.value),
    }


def _show(letter: DeadLetter, console: Console) -> None:
    facts = letter_facts(letter)
    headers = ", ".join(f"{name}={value}" for name, value in facts["headers"].items()) or "none"
    said = {
        "letter": letter.id,
        "set aside": _when(letter),
        **{name: facts[name] for name in ("from", "key", "reason", "error")},
        "replayed": facts["replayed_at"] or "never",
        "headers": headers,
        **({"damaged": letter.damage} if letter.damage else {}),
    }
    for name, value in said.items():
        console.print(Text.assemble((f"{name:<{_FIELD_WIDTH}}", "bright_black"), value), soft_wrap=True)
    console.print(Text(_pretty(letter.record.value)), soft_wrap=True)
    console.print()


def _replay(found: list[DeadLetter], settings: ServiceSettings, options: LetterOptions, console: Console) -> None:
    in_the_way = obstacles(settings, found)
    chosen = []
    for letter in found:
        obstacle = in_the_way.get(letter.id)
        if obstacle is None and letter.replayed_at_us is not None and not options.force:
            obstacle = f"it was replayed at {iso_utc(letter.replayed_at_us)} (--force sends it again)"
        if obstacle is None:
            chosen.append(letter)
        words = f"left out: {obstacle}" if obstacle else f"to {letter.source.topic}[{letter.source.partition}]"
        console.print(Text(f"{letter.id}  {words}"), soft_wrap=True)
    if not options.yes:
        console.print(f"{count(len(chosen))} would be sent again; --yes sends them", highlight=False)
        return
    sent = replay(settings, chosen, _ACTOR)
    console.print(f"{count(sent)} sent again; what still cannot be used comes back as a dead letter", highlight=False)


def _when(letter: DeadLetter) -> str:
    return iso_utc(letter.set_aside_at_us) if letter.set_aside_at_us else "at a time it does not say"


def _line(text: str) -> str:
    return " ".join(text.split())


def _text(value: bytes | None) -> str:
    return "" if value is None else value.decode(errors="backslashreplace")


def _pretty(value: bytes | None) -> str:
    if value is None:
        return "(no bytes: this letter tells of a loss)"
    try:
        return json.dumps(json.loads(value), indent=2, ensure_ascii=False)
    except ValueError:
        return _text(value)
