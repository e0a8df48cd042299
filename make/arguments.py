"""Checks what was given to `make` before anything is installed; prints one complaint, or nothing.

``python3 make/arguments.py GOALS NAME=VALUE...``. It runs on any Python, without packages: `make` calls it first of
all. What there is is read off the makefiles: the names that they define, what each target's rule mentions, and the
values that `choices_NAME` lists.
"""

from __future__ import annotations

import difflib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VARIABLES = ROOT / "packages/streaming/src/streaming/known_variables.txt"
KINDS = ROOT / "packages/modeling/kinds.txt"
#: Arguments that are numbers, with the least each may be.
NUMBERS = {"seed": 0, "hours": 0, "minutes": 0, "horizon": 1, "workers": 1, "port": 1, "kills": 0, "inputs": 1}
_DEFINED = re.compile(r"^(?:[\w .-]+:\s*)?(?:export )?([A-Za-z_]\w*) *[?:]?= ?((?:.*\\\n)*.*)", re.MULTILINE)
_RULE = re.compile(r"^([a-z][a-z -]*):(?!=)(.*(?:\n\t.*|\n#.*)*)", re.MULTILINE)
_DOCUMENTED = re.compile(r"\b([a-z_]+)=")
#: ``$(name)``, ``$(value name)``, ``$(call option,name)`` and the lists of ``$(foreach each,names,...)``.
_MENTIONED = re.compile(
    r"\$\(call (?:given|option),(\w+)|\$\((\w+)\)|\$\((?:value|origin|call) (\w+)|\$\(foreach \w+,([\w ]+),"
)


class Makefiles:
    """What the makefiles define and what their targets mention."""

    def __init__(self, root: Path = ROOT) -> None:
        files = [root / "Makefile", *sorted((root / "make").glob("*.mk"))]
        text = "\n".join(path.read_text(encoding="utf-8") for path in files)
        self.defined: dict[str, str] = {}
        for name, value in _DEFINED.findall(text):
            self.defined[name] = f"{self.defined.get(name, '')} {value}"
        self.rules: dict[str, str] = {}
        for names, rule in _RULE.findall(text):
            for name in names.split():
                self.rules[name] = f"{self.rules.get(name, '')} {rule}"

    def choices(self, name: str) -> list[str]:
        """Return the values that an argument may have; empty if it may have any."""
        if name == "model":
            lines = KINDS.read_text(encoding="utf-8").splitlines()
            return [line.split()[0] for line in lines if line and not line.startswith("#")]
        return self.defined.get(f"choices_{name}", "").split()

    def arguments_of(self, target: str) -> set[str]:
        """Return the arguments that a target's rule mentions, itself or by way of others."""
        rules = self._with_prerequisites(target)
        seen: set[str] = set()
        waiting = _names(" ".join(self.rules[rule].split("##")[0] + self._recipe(rule) for rule in rules))
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += _names(self.defined.get(name, ""))
        return {name for name in seen if name in self.defined and name.islower()}

    def _with_prerequisites(self, target: str) -> set[str]:
        found: set[str] = set()
        waiting = [target]
        while waiting:
            name = waiting.pop()
            if name in self.rules and name not in found:
                found.add(name)
                waiting += self.rules[name].partition("\n")[0].partition("##")[0].split()
        return found

    def _recipe(self, target: str) -> str:
        return self.rules[target].partition("\n")[2]


def _names(text: str) -> list[str]:
    return [name for found in _MENTIONED.findall(text) for name in " ".join(found).split()]


def complaint(goals: list[str], given: dict[str, str], known: Makefiles) -> str:
    """Return what is wrong with the arguments, empty if nothing is."""
    variables = VARIABLES.read_text(encoding="utf-8").split() if VARIABLES.exists() else []
    prefixes = tuple({f"{name.partition('_')[0]}_" for name in variables})
    command = " ".join(["make", *goals])
    for name, value in given.items():
        if name.isupper():
            capitals = ["MODEL", *variables, *(each for each in known.defined if each.isupper())]
            # Others are the environment of tools: UV_SYSTEM_CERTS=1.
            if name not in capitals and (name.startswith(prefixes) or _nearest(name, capitals)):
                return f"{command}: expected a setting, was {name}={_did_you_mean(name, capitals)}"
            continue
        if name not in known.defined:
            names = [each for each in known.defined if each.islower()]
            return f"{command}: expected an argument that there is, was {name}={_did_you_mean(name, names)}"
        if wrong := _wrong_place(goals, name, known) or _wrong_value(command, name, value, known):
            return wrong
    return ""


def _wrong_place(goals: list[str], name: str, known: Makefiles) -> str:
    """Return a complaint if no target would read the argument."""
    targets = [goal for goal in goals if goal in known.rules]
    if not targets or any(name in known.arguments_of(target) for target in targets):
        return ""
    takes = [each for target in targets for each in _DOCUMENTED.findall(known.rules[target].partition("\n")[0])]
    expected = f"one of {' '.join(f'{each}=' for each in takes)}" if takes else "no arguments"
    return f"make {' '.join(goals)}: expected {expected}, was {name}={_did_you_mean(name, takes)}"


def _wrong_value(command: str, name: str, value: str, known: Makefiles) -> str:
    choices = known.choices(name)
    parts = value.split(",")
    if choices and value and (wrong := [part for part in parts if part not in choices]):
        meant = _did_you_mean(wrong[0], choices)
        return f"{command}: {name}: expected {', '.join(choices)}, was '{wrong[0]}'{meant}"
    if name in NUMBERS and value:
        try:
            fits = float(value) >= NUMBERS[name]
        except ValueError:
            fits = False
        if not fits:
            return f"{command}: {name}: expected a number, at least {NUMBERS[name]}, was '{value}'"
    return ""


def _nearest(name: str, known: list[str]) -> list[str]:
    return difflib.get_close_matches(name, known, n=1, cutoff=0.75)


def _did_you_mean(name: str, known: list[str]) -> str:
    near = _nearest(name, known)
    return f" (did you mean {near[0]}?)" if near else ""


def main() -> None:
    """Print the first complaint."""
    goals, *words = sys.argv[1:]
    given = dict(word.partition("=")[::2] for word in words)
    print(complaint(goals.split() or ["help"], given, Makefiles()))


if __name__ == "__main__":
    main()
