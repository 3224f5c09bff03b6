"""talon, quotequail and parse-reply: what the writer of a mail added, by their own expectations.

Left out by rule: tests of their inner functions, tests that need more than the few names of `_names` (files, mocks,
Python 2), tests of their limits of size, and forwarded mails, which they hide and which our contract keeps.
"""

import ast
import builtins
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

from contact.email.html_text import html_to_text
from contact.email.parse import parse
from contact.email.quotes import visible_reply
from tests.suites.samples import Sample, Suite, differs

_FORWARD = re.compile(r"forward|weitergeleitet|переадрес|transféré|reenviad|inoltrat", re.IGNORECASE)
_INNER = re.compile(r"quotations\.(?!extract_from_(?:plain|html)\b)|open\(|for .* in range|\.encode\(|\.decode\(")
TALON_HTML_REPLY = "Hi. I am fine.\n\nThanks,\nAlex"  # html_quotations_test.py, extract_reply_and_check


def letters_only(text: str) -> str:
    """Compare without blanks and line ends, as talon does for HTML, and drawn rules: they are no matter of quoting."""
    return re.sub(r"\s+|_{10,}", "", text)


def reply_of_html(html: str) -> str:
    return parse(b"Content-Type: text/html; charset=utf-8\r\n\r\n" + html.encode()).reply


def _expects(suite: str, name: str, source: bytes, expected: str, answer: Callable[[], str]) -> Sample:
    return Sample(suite, name, source, lambda: differs("reply", letters_only(expected), letters_only(answer())))


# --- talon ------------------------------------------------------------------------------------------------------------


def talon(source: Path) -> Suite:
    fixtures = source / "tests" / "fixtures"
    samples = list(_talon_mails(fixtures / "standard_replies"))
    for path in sorted((fixtures / "html_replies").glob("*.html")):
        html = path.read_text(encoding="utf-8")
        samples.append(
            _expects("talon", path.name, html.encode(), TALON_HTML_REPLY, lambda html=html: reply_of_html(html))
        )
    functions = [*_functions(source, "text_quotations_test.py"), *_functions(source, "html_quotations_test.py")]
    kept = [(name, code) for name, code in functions if _is_whole_walk(code) and not _FORWARD.search(code)]
    samples += [Sample("talon", name, code.encode(), lambda code=code: _run(code)) for name, code in kept]
    mails = tuple(path.read_bytes() for path in sorted(fixtures.rglob("*.eml")))
    return Suite(tuple(samples), mails, excluded=len(functions) - len(kept))


def _talon_mails(folder: Path) -> Iterator[Sample]:
    for path in sorted(folder.glob("*.eml")):
        own = path.with_name(f"{path.stem}_reply_text")
        expected = own.read_text(encoding="utf-8") if own.exists() else "Hello"
        raw = path.read_bytes()
        yield _expects("talon", path.name, raw, expected, lambda raw=raw: parse(raw).reply)


def _functions(source: Path, module: str) -> list[tuple[str, str]]:
    """The tests of a module that call for nothing but the whole walk, as (name, code)."""
    code = (source / "tests" / module).read_text(encoding="utf-8")
    tests = [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    return [
        (f"{module}:{node.name}", "\n".join(code.splitlines()[node.lineno - 1 : node.end_lineno]))
        for node in tests
        if node.name.startswith("test_") and not node.decorator_list and "extract_reply_and_check" not in ast.dump(node)
    ]


def _is_whole_walk(code: str) -> bool:
    """Only a text goes in and a reply comes out, by names that we can stand in for."""
    used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
    made = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name) and type(node.ctx) is ast.Store}
    known = made | set(_names([], is_html=False)) | set(dir(builtins))
    return "extract_from_" in code and not _INNER.search(code) and used <= known


def _run(code: str) -> str:
    """Run one test of talon's with our functions in place of its own; compare without blanks."""
    amiss: list[str] = []
    names = _names(amiss, is_html="extract_from_html" in code)
    exec(compile(code, "talon", "exec"), names)
    names[re.search(r"def (\w+)", code)[1]]()
    return next(filter(None, amiss), "" if amiss else "nothing was compared")


def _names(amiss: list[str], *, is_html: bool) -> dict[str, object]:
    """What a test of talon's may use; the outcome of each comparison is added to `amiss`."""

    def compare(expected: object, got: object, *_: object) -> None:
        said = html_to_text(str(expected)) if is_html else str(expected)
        amiss.append(differs("reply", letters_only(said), letters_only(str(got))))

    return {
        "eq_": compare,
        "re": re,
        "RE_WHITESPACE": re.compile(r"\s"),
        "RE_DOUBLE_WHITESPACE": re.compile(r"\s"),
        "quotations": SimpleNamespace(extract_from_plain=visible_reply, extract_from_html=reply_of_html),
    }


# --- quotequail -------------------------------------------------------------------------------------------------------


def quotequail(source: Path) -> Suite:
    samples, excluded = [], 0
    for module, answer, plain in (
        ("test_quote.py", visible_reply, str),
        ("test_quote_html.py", reply_of_html, html_to_text),
    ):
        for number, (given, fragments) in enumerate(_cases((source / "tests" / module).read_text(encoding="utf-8"))):
            if _FORWARD.search(given):
                excluded += 1
                continue
            expected = plain("\n".join(text for is_shown, text in fragments if is_shown))
            samples.append(
                _expects(
                    "quotequail",
                    f"{module}:{number}",
                    given.encode(),
                    expected,
                    lambda given=given, answer=answer: answer(given),
                )
            )
    return Suite(tuple(samples), excluded=excluded)


def _cases(code: str) -> Iterator[tuple[str, list[tuple[bool, str]]]]:
    """(text, fragments): those with the introducing line ("… wrote:") among the hidden, as our contract has it."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "parametrize":
            for given, _, fragments in ast.literal_eval(node.args[1]):
                yield given, fragments


# --- parse-reply ------------------------------------------------------------------------------------------------------


def parse_reply(source: Path) -> Suite:
    given = {path: path.read_text(encoding="utf-8") for path in sorted((source / "test/files").glob("*.input.txt"))}
    kept = {path: text for path, text in given.items() if not _FORWARD.search(f"{path.name} {text}")}
    samples = [
        _expects(
            "parse-reply",
            path.name,
            text.encode(),
            path.with_name(path.name.replace("input", "output")).read_text(encoding="utf-8"),
            lambda text=text: visible_reply(text),
        )
        for path, text in kept.items()
    ]
    return Suite(tuple(samples), excluded=len(given) - len(kept))
