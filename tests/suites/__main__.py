"""python -m tests.suites: what is amiss in the half that the parser may be tuned on; says nothing of the other half."""

from tests.suites.measure import all_suites

if __name__ == "__main__":
    for suite in all_suites().values():
        for sample in suite.samples:
            if not sample.is_held_out and (words := sample.verdict()):
                print(f"{sample.suite} {sample.name}: {words[:600]}")
