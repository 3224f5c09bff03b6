"""Print the figures of both halves at the end of the run, from whichever process measured them."""


def pytest_terminal_summary(terminalreporter):
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, words in getattr(report, "user_properties", []):
            if name == "figures" and report.when == "call":
                terminalreporter.section("published mail")
                terminalreporter.write_line(words)
