#!/usr/bin/env python3
"""Judges an Autobahn report. Usage: summary.py index.json [--expect N]

Prints the verdicts of each section. Fails when a case is neither OK nor INFORMATIONAL (NON-STRICT and
UNIMPLEMENTED count as failures, in behaviour and in the closing handshake), or when fewer than N cases ran.
"""
import argparse
import collections
import json
import sys

PASSING = {"OK", "INFORMATIONAL"}


def judge(agent: str, cases: dict, expect: int) -> bool:
    sections = collections.defaultdict(collections.Counter)
    failed = []
    for case in sorted(cases, key=lambda case: [int(part) for part in case.split(".")]):
        result = cases[case]
        sections[int(case.split(".")[0])][result["behavior"]] += 1
        if not {result["behavior"], result["behaviorClose"]} <= PASSING:
            failed.append((case, result["behavior"], result["behaviorClose"]))
    print(f"{agent}: {len(cases) - len(failed)} of {len(cases)} cases pass (at least {expect} had to run)")
    for section, verdicts in sorted(sections.items()):
        print(f"  {section:>2}.*", ", ".join(f"{name} {count}" for name, count in sorted(verdicts.items())))
    for case, behaviour, close in failed:
        print(f"  failed: {case}: {behaviour}, closing {close}")
    return not failed and len(cases) >= expect


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report")
    parser.add_argument("--expect", type=int, default=0)
    arguments = parser.parse_args()
    with open(arguments.report, encoding="utf-8") as report:
        agents = json.load(report)
    verdicts = [judge(agent, cases, arguments.expect) for agent, cases in agents.items()]
    return 0 if verdicts and all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
