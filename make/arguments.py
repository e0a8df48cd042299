"""Checks what was given to `make` before anything is installed; prints one complaint, or nothing.

``python3 make/arguments.py GOALS NAME=VALUE...``. It runs on any Python, without packages: `make` calls it first of
all. What there is is read off the makefiles: the targets, the names that they define, what each target's rule
mentions, and the values that `choices_NAME` lists.
"""

from __future__ import annotations

import difflib
import importlib
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "packages/contracts/src"))
# It needs no packages either.
one_edit_apart = importlib.import_module("contracts.nearest").one_edit_apart
VARIABLES = ROOT / "packages/streaming/src/streaming/known_variables.txt"
KINDS = ROOT / "packages/modeling/kinds.txt"
#: Arguments that are numbers, with the least each may be.
NUMBERS = {"seed": 0, "hours": 0, "minutes": 0, "horizon": 1, "workers": 1, "port": 1, "kills": 0, "inputs": 1}
NUMBERS |= {"trials": 1, "least_trades": 1, "markets": 0, "folds": 1, "embargo": 1}
_DEFINED = re.compile(r"^(?:[\w .-]+:\s*)?(?:export )?([A-Za-z_]\w*) *[?:]?= ?((?:.*\\\n)*.*)", re.MULTILINE)
_RULE = re.compile(r"^([a-z][a-z -]*):(?!=)(.*(?:\n\t.*|\n#.*)*)", re.MULTILINE)
#: Arguments that take a path, the likeliest first.
OF_FOLDERS = ("run", "data", "tests", "out")
OF_FILES = ("file", "bars", "tests", "accounts", "out")
#: Variables that others have in their environment, and that only look like one of ours misspelt.
OF_OTHERS = frozenset({"MODE"})
#: Names of so few letters are one edit from too much.
_SHORT = 4
_TARGET = re.compile(r"^([.\w][\w ./-]*):(?!=)", re.MULTILINE)
_PAIR = re.compile(r"[A-Z0-9]+/[A-Z0-9]+")
_HELP = re.compile(r" ## (.*)")
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
        #: Files that a rule makes are targets as well.
        self.targets = {name for names in _TARGET.findall(text) for name in names.split()}
        for names, rule in _RULE.findall(text):
            for name in names.split():
                self.rules[name] = f"{self.rules.get(name, '')} {rule}"

    def choices(self, name: str) -> list[str]:
        """Return the values that an argument may have; empty if it may have any."""
        if name == "model":
            lines = KINDS.read_text(encoding="utf-8").splitlines()
            return [line.split()[0] for line in lines if line and not line.startswith("#")]
        return self.defined.get(f"choices_{'market' if name == 'exchange' else name}", "").split()

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

    def takes(self, target: str) -> list[str]:
        """Return the arguments that a target's help names."""
        return _DOCUMENTED.findall(" ".join(_HELP.findall(self.rules[target])))

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


def complaint(
    goals: list[str], given: dict[str, str], known: Makefiles, environment: Mapping[str, str] | None = None
) -> str:
    """Return what is wrong with the goals, the arguments or the environment, empty if nothing is."""
    wrong = (_wrong_argument(goals, given, known), _wrong_goal(goals, known))
    return next(filter(None, wrong), "") or _wrong_variable(goals, environment or {}, known)


def _wrong_goal(goals: list[str], known: Makefiles) -> str:
    """Return a complaint about a word that is no target: make itself ignores one that is a file."""
    wrong = next((goal for goal in goals if goal not in known.targets), None)
    if wrong is None:
        return ""
    meant = _meant(wrong, [goal for goal in goals if goal in known.rules], known)
    ask = f" (did you mean {meant}?)" if meant else "; make help-all lists them"
    return f"make {' '.join(goals)}: expected a target, was {wrong}{ask}"


def _meant(word: str, targets: list[str], known: Makefiles) -> str:
    """Return the argument of `targets`, or the target, that `word` seems to stand for."""
    takes = [name for target in targets for name in known.takes(target)]
    if "service" in takes and word in known.defined["SERVICES"].split():
        return f"service={word}"
    if name := next((name for name in takes if word in known.choices(name)), ""):
        return f"{name}={word}"
    # A word with a slash that is there is a path; one that is not may be a pair.
    there = Path(word).exists()
    if (
        not there
        and _PAIR.fullmatch(word)
        and (name := next((name for name in takes if name in ("pair", "pairs")), ""))
    ):
        return f"{name}={word}"
    if there or Path(word).suffix or "/" in word:
        likely = OF_FILES if Path(word).is_file() or Path(word).suffix else OF_FOLDERS
        name = next((name for name in likely if name in takes), "")
        return f"{name}={word}" if name else ""
    return next(iter(_nearest(word, sorted(known.rules))), "")


def _wrong_variable(goals: list[str], environment: Mapping[str, str], known: Makefiles) -> str:
    """Return a complaint about a variable of the environment that is an argument: misspelt, or with a wrong value."""
    targets = [goal for goal in goals if goal in known.rules]
    takes = {name for target in targets for name in known.arguments_of(target)}
    documented = {name for target in known.rules for name in known.takes(target) if len(name) > _SHORT}
    command = " ".join(["make", *goals])
    for name, value in environment.items():
        argument = "model" if name == "MODEL" else name
        if argument in takes and (wrong := _wrong_value(command, argument, value, known)):
            return f"{wrong}, from the environment"
        candidates = [] if name in known.defined or name in OF_OTHERS else ["MODEL", *sorted(documented)]
        if near := next((each for each in candidates if one_edit_apart(name, each)), ""):
            return (
                f"{command}: expected a variable that there is, was {name}= in the environment (did you mean {near}?)"
            )
    return ""


def _wrong_argument(goals: list[str], given: dict[str, str], known: Makefiles) -> str:
    variables = VARIABLES.read_text(encoding="utf-8").split() if VARIABLES.exists() else []
    prefixes = tuple({f"{name.partition('_')[0]}_" for name in variables})
    command = " ".join(["make", *goals])
    for name, value in given.items():
        if name.isupper():
            capitals = ["MODEL", *variables, *(each for each in known.defined if each.isupper())]
            # Others are the environment of tools: UV_SYSTEM_CERTS=1.
            if name not in capitals and (name.startswith(prefixes) or _nearest(name, capitals)):
                return f"{command}: expected a setting, was {name}={_did_you_mean(name, capitals)}"
            if name == "MODEL" and (wrong := _wrong_value(command, "model", value, known)):
                return wrong
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
    takes = [each for target in targets for each in known.takes(target)]
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
    print(complaint(goals.split() or ["help"], given, Makefiles(), os.environ))  # noqa: TID251 - make's arguments come this way


if __name__ == "__main__":
    main()
