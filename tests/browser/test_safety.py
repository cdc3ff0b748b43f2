"""Search, hostile text, dark mode, print."""

from __future__ import annotations

import re
import time

import pytest

from tests.browser.conftest import ready

HOSTILE = ('<img src=x onerror=alert(1)>', '"><script>alert(2)</script>')


@pytest.fixture
def known(browse):
    """A firm of the demo with code and telephone, as the manager sees it."""
    with browse("manager") as page:
        answer = page.evaluate("""() => fetch('/api/v1/tenants/firm/?q=' + encodeURIComponent(JSON.stringify(
            {filters: [['state', 'eq', 'incubating']], columns: ['name', 'credit_code'], sort: [['entered_on', 'asc']], size: 1}))).then((r) => r.json())""")
    return answer["rows"][0]


def initials(name: str) -> tuple[str, str]:
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER)), "".join(lazy_pinyin(name))


def test_search_finds_by_every_kind_of_text(browse, known):
    name = known["name"]
    short, full = initials(name[:8])
    with browse("clerk") as page:
        for text in (name, name[2:6], short, full, known["credit_code"], known["credit_code"].lower()):
            page.goto("/")
            page.keyboard.press("/")
            assert page.evaluate("document.activeElement.id") == "global-search"
            with page.expect_response(lambda r: "/me/search" in r.url):
                page.keyboard.type(text)
            hit = page.locator("#global-results a", has_text=name).first
            hit.wait_for()
        hit.click()
        page.wait_for_url(re.compile(rf"/tenants/firm/{known['id']}$"))
        page.goto(f"/search?text={known['credit_code']}")
        assert page.locator("main a", has_text=name).count() >= 1


def test_search_finds_by_telephone(browse):
    number = "13911112222"
    with browse("clerk") as page:
        page.goto("/tenants/firm/6/edit")
        page.fill("#f-phone", number)
        page.click(".rec-head .btn-primary")
        page.wait_for_url(re.compile(r"/tenants/firm/6$"))
        title = page.inner_text("h1")
        page.goto(f"/search?text={number}")
        assert page.locator("main a", has_text=title).count() == 1


def test_a_page_does_not_glide(browse):
    """While a page glided to a field, a press on Save in the bar that stays at the top began on the button and ended beside it."""
    with browse("clerk") as page:
        page.goto("/tenants/firm/6/edit")
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
        assert page.evaluate("document.styleSheets.length && matchMedia('(prefers-reduced-motion: no-preference)').matches")  # it would


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(browse, name):
    name += str(time.time_ns())
    with browse("clerk") as page:
        ran = []
        page.on("dialog", lambda d: (ran.append(d.message), d.dismiss()))
        page.goto("/tenants/firm/new")
        page.fill("#f-name", name)
        page.locator(".rec-head .btn-primary").click()
        page.wait_for_url(re.compile(r"/tenants/firm/\d+$"))
        record = page.url
        assert page.inner_text("h1") == name
        page.fill("textarea[name=text]", name)
        page.click(".rec-comment button")
        page.wait_for_load_state("load")
        page.click(".rec-todos summary")
        page.fill(".rec-mini input[name=title]", name)
        page.click(".rec-mini button:not([type=button])")
        page.wait_for_load_state("load")
        for url in ("/", "/me/inbox", "/tenants/firm/", f"{record}/print", f"{record}/edit", f"{record}?tab=overview", f"{record}?tab=people",
                    f"/search?text={name[:20]}"):
            page.goto(url)
            ready(page)
        page.goto("/tenants/firm/")
        ready(page)
        page.locator("[data-filter=name] input").fill(name[:12])
        page.locator(".tabulator-row a", has_text=name).first.wait_for()
        page.fill("#global-search", name[:12])
        page.locator("#global-results a").first.wait_for()
        assert page.evaluate("document.querySelectorAll('img[src=\"x\"]').length") == 0
        assert ran == []


def test_control_the_canary_would_sing(browse):
    """Control: the same text set as markup does run where the page's policy is switched off, so the test can see it."""
    with browse("clerk", check=False, bypass_csp=True) as page:
        ran = []
        page.on("dialog", lambda d: (ran.append(d.message), d.dismiss()))
        page.evaluate("(t) => { document.querySelector('main').innerHTML = t; }", HOSTILE[0])
        page.wait_for_timeout(500)
        assert ran == ["1"]


# [contrast of text and what is painted behind it, words, class, colour, background]; colours read back from a canvas as sRGB
CONTRAST = """() => {
  const pen = Object.assign(document.createElement('canvas'), {width: 1, height: 1}).getContext('2d', {willReadFrequently: true});
  const paint = (colours) => { pen.clearRect(0, 0, 1, 1); for (const c of colours) { pen.fillStyle = c; pen.fillRect(0, 0, 1, 1); } return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3); };
  const light = (rgb) => { const [r, g, b] = rgb.map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (node) => { const all = []; for (let n = node; n; n = n.parentElement) all.unshift(getComputedStyle(n).backgroundColor); return ['#fff', ...all]; };
  const kinds = 'h1,h2,p,dt,dd,td,th,label,.pk-muted,.pk-tone,.badge,.btn,.pk-nav a,.nav-link,.pk-coltitle span,.tabulator-cell,input,select,textarea';
  const words = (n) => (n.tagName === 'SELECT' ? n.selectedOptions[0]?.text || '' : n.innerText || n.value || '').trim();
  return [...document.querySelectorAll(kinds)].filter((n) => n.getClientRects().length && words(n) && !['checkbox', 'radio', 'file'].includes(n.type)
      && !n.disabled && !n.closest('.disabled,[disabled],.visually-hidden')).slice(0, 500).map((n) => {
    const under = behind(n), back = paint(under), text = paint([...under, getComputedStyle(n).color]);
    const [a, b] = [light(text), light(back)].sort((x, y) => y - x);
    return [(a + 0.05) / (b + 0.05), words(n).slice(0, 30), n.className, text.join(), back.join()];
  });
}"""
BACKGROUND = "() => getComputedStyle(document.body).backgroundColor"


def brightness(colour: str) -> float:
    return sum(float(x) for x in re.findall(r"[\d.]+", colour)[:3]) / 765


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_text_is_readable_in_both_schemes(browse, scheme, shot):
    with browse("clerk", color_scheme=scheme) as page:
        weak = []
        for url in ("/", "/tenants/firm/", "/tenants/firm/1", "/tenants/firm/1/edit", "/imports/new", "/me/inbox"):
            page.goto(url)
            ready(page)
            assert brightness(page.evaluate(BACKGROUND)) < 0.2 if scheme == "dark" else brightness(page.evaluate(BACKGROUND)) > 0.8
            weak += [f"{url} {what!r} .{kind}: {text} on {back}, {ratio:.1f}" for ratio, what, kind, text, back in page.evaluate(CONTRAST) if ratio < 4.5]
            shot(page, f"{scheme}{url.replace('/', '-')}")
        assert not weak, "\n".join(dict.fromkeys(weak))


def test_print_page_is_black_on_white_without_the_frame(browse):
    with browse("clerk", color_scheme="dark") as page:
        page.goto("/tenants/firm/1/print")
        assert page.locator(".pk-side, .pk-top").count() == 0
        page.emulate_media(media="print")
        assert brightness(page.evaluate("getComputedStyle(document.querySelector('.rec-print')).color")) < 0.2
        assert page.locator(".rec-print").inner_text().strip()
