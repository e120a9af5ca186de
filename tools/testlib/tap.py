# SPDX-License-Identifier: MIT
"""Reads what test programs print: TAP, or a last line with counts.

A reader takes the standard output of a program and returns its cases. What is
missing from the output (the plan, a promised case, the reason of a skip) is a
failed case of its own, so that a program which dies cannot pass.
"""

import dataclasses
import re

RESULT = re.compile(
    r"(?P<indent> *)(?P<no>not )?ok\b(?: \d+)?(?: -)? ?(?P<name>.*?)"
    r"(?:(?<= )# (?P<directive>SKIP|TODO)\b:? ?(?P<text>.*))?$",
    re.IGNORECASE,
)
PLAN = re.compile(r"1\.\.(\d+)(?: *# *(?:SKIP\S*) *(.*))?", re.IGNORECASE)
COUNTS = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")


@dataclasses.dataclass
class Case:
    name: str
    state: str  # "passed", "failed" or "skipped"
    reason: str = ""


def skipped(name, reason):
    if not reason:
        return Case(name, "failed", "skipped without a reason")
    return Case(name, "skipped", reason)


def case_of(match, said):
    """The case of a result line; said is the free text right above it."""
    name = match["name"].strip()
    if (match["directive"] or "").upper() == "SKIP":
        if match["no"]:  # cmocka: "not ok 3 # SKIP name", the reason above
            return skipped(match["text"], said)
        return skipped(name, match["text"])
    return Case(name, "failed" if match["no"] else "passed")


def close_subtests(case, inner):
    """The cases of a subtest's end, given those it holds: a case with others
    inside counts only if it failed and none of them did."""
    if not inner:
        return [case]
    blamed = any(c.state == "failed" for c in inner)
    if case.state == "failed" and not blamed:
        return inner + [case]
    return inner


def significant_lines(text):
    """Without the YAML blocks, which may quote anything."""
    end = None
    for line in text.splitlines():
        if end is None and line.strip() == "---":
            end = line.replace("---", "...")
        elif end is None:
            yield line
        elif line.rstrip() == end:
            end = None


def read_tap(text):
    levels = {}  # depth: cases that came there and have no parent yet
    plan, results, said = None, 0, []
    for line in significant_lines(text):
        match = RESULT.fullmatch(line)
        if not match:
            found = PLAN.fullmatch(line)
            if found:
                plan = int(found[1])
                if plan == 0 and found[2]:
                    return [skipped("all", found[2])]
            elif line.strip() and not line.lstrip().startswith("#"):
                said.append(line.strip())
            continue
        depth = len(match["indent"]) // 4
        inner = levels.pop(depth + 1, [])
        case = case_of(match, " ".join(said))
        levels.setdefault(depth, []).extend(close_subtests(case, inner))
        results += depth == 0
        said = []
    return levels.get(0, []) + complaints(plan, results)


def complaints(plan, results):
    if plan is None:
        return [Case("plan", "failed", "it printed no plan (1..N)")]
    if plan != results:
        return [Case("plan", "failed", f"{plan} planned, {results} came")]
    if plan == 0:
        return [Case("plan", "failed", "it ran nothing")]
    return []


def read_counts(text):
    """For programs that end with "N passed, N failed"."""
    lines = text.strip().splitlines()
    match = COUNTS.match(lines[-1]) if lines else None
    if not match:
        return [Case("counts", "failed", "no last line N passed, N failed")]
    passed, failed, skips = (int(n or 0) for n in match.groups())
    cases = [Case("", "passed")] * passed + [Case("", "failed")] * failed
    reasons = [line for line in lines[:-1] if line.lower().startswith("skip")]
    for i in range(skips):
        cases.append(skipped("", reasons[i] if i < len(reasons) else ""))
    return cases or [Case("counts", "failed", "it ran nothing")]


def read_status(text):
    """For programs whose exit status is all they say."""
    return [Case("", "passed")]
