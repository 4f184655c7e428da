"""Lexers that try fewer rules find the same tokens."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from pygments.lexer import RegexLexer
from pygments.lexers import get_lexer_by_name

from agents.review.lexers import lexer_of
from agents.review.line_spans import Memory, line_spans

ROOT = Path(__file__).resolve().parents[3]
TEXTS = {
    "python": (ROOT / "agents" / "review" / "emphasis.py").read_text(),
    "markdown": (ROOT / "README.md").read_text(),
    "toml": (ROOT / "pyproject.toml").read_text(),
    "make": (ROOT / "Makefile").read_text(),
    "bash": 'set -e\nfor f in "$@"; do\n  x=$(cat <<E\n${f%.*}\nE\n)  # note\n  [ -f $f ] && `date` \'$x\'\ndone\n',
    "c": '#include <stdio.h>\n#if 0\nint n;\n#else\nint f() { *a == \'\\n\' ? 0x1fUL : 1e-3; }\n#endif\n/*\n*/\n',
    "cpp": "template <class T> struct A : B<T> { auto f() -> T override { return R\"x(a)x\"; } }; // end\n",
    "css": "@media (max-width: 3em) { a:hover, #b > .c::before { color: #fff; margin: -1.5em auto !important } }\n",
    "go": 'package x\n\nfunc (a *T) B(c int) (err error) {\n\treturn fmt.Errorf("%d `raw`", c) // π\n}\n',
    "html": "<!doctype html><p class='a' id=b>x &amp; y<script>let a = `b${c}`</script><style>p { a: b }</style>\n",
    "java": '@A("x")\npublic class X<T> extends Y {\n  private long a = 0x1fL; /** doc */ char c = \'\\u0041\';\n}\n',
    "javascript": "const f = async (x) => { return /a[/]/g.test(`t${x}`) ?? 0b11n } // é\nclass A { #p = 1 }\n",
    "json": '{"a": [1, -2.5e3, true, null, "x\\u00e9"]}\n',
    "php": '<p><?php function a($x) { return "$x {$x->y}" . <<<T\nq\nT; } ?></p>\n',
    "ruby": 'def a(x)\n  puts "a#{x}b" if x =~ /r#{1}e/\n  <<~T\n    text\n  T\nend\n',
    "rust": "pub fn a<'t, T: B>(x: &'t T) -> Option<u8> { let y = r#\"x\"#; p!(\"{y}\"); None } // hi\n",
    "sql": "SELECT a, COUNT(*) FROM b WHERE c = 'x''y' AND d ILIKE \"q\" -- note\n; /* m */ ınsert ſelect K\n",
    "typescript": "export type A<T> = { readonly [k in keyof T]?: T[k] }; function f(this: W, ...a: any[]): void {}\n",
    "yaml": "a: &x\n  - b: 'y'\n  - {c: 1, d: !!str 2}\ne: |\n  text\n*x : z\n",
}  # fmt: skip
ODD = ["\x1c", "\x85", "\0", "\t", "é", "K", "ſ", "日", "\u200b", "'''", '"""', "/*", "\\", "$", "{", "`", "<", "\n"]


@pytest.mark.parametrize("language", TEXTS)
def test_tokens_are_those_pygments_finds(language: str) -> None:
    pygments = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    chance = random.Random(language)
    texts = [TEXTS[language]]
    for _ in range(40):
        text = TEXTS[language][:3000]
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(text))
            text = text[:place] + chance.choice(ODD) + text[place + chance.randrange(3) :]
        texts.append(text)
    for text in texts:
        expected = list(pygments.get_tokens_unprocessed(text))
        assert list(lexer_of(language).get_tokens_unprocessed(text)) == expected, text


@pytest.mark.parametrize("language", TEXTS)
def test_lines_that_are_known_have_the_spans_they_had(language: str) -> None:
    lines = TEXTS[language].split("\n")
    memory: Memory = {}
    expected = line_spans(lines, language)
    assert line_spans(lines, language, memory) == expected
    assert line_spans(lines, language, memory) == expected, "from memory they came out differently"


def test_a_line_that_is_known_is_not_looked_at_again() -> None:
    memory: Memory = {("root", "x = 1"): [(0, 1, 3)]}
    assert line_spans(["x = 1", "y = 1"], "python", memory)[0] == [(0, 1, 3)]
    assert ("root", "y = 1") in memory


def test_a_line_that_what_follows_may_explain_is_not_remembered() -> None:
    memory: Memory = {}
    line_spans(['    """Begins', "    ends", '    """', "x = 1"], "python", memory)
    assert all('"""' not in line for _, line in memory)


def test_fewer_rules_are_tried() -> None:
    lexer = lexer_of("python")
    assert isinstance(lexer, RegexLexer)
    list(lexer.get_tokens_unprocessed("x = 1\n"))
    table, rules = type(lexer).tables["root"]  # type: ignore[attr-defined]
    assert len(table["x"]) * 5 < len(rules), f"{len(table['x'])} of {len(rules)} rules are tried at a letter"
