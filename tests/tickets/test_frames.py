"""What is added to a client's HTML on its way into the frame: its own pictures, and where each link leads."""

import pytest

from contact.email.sanitise import clean_html
from tickets.frames import framed, host_of, host_words, picture_hosts


def shown(html, *, remote_pictures=False, **own):
    return framed(clean_html(html), own, remote_pictures=remote_pictures)


def after_link(html):
    """Return what stands after the one link of the HTML."""
    return shown(html).partition("</a>")[2]


class TestLinksTellTheirTarget:
    """E-I.4: a link is shown with the place to which it really leads."""

    def test_a_text_that_hides_the_target_has_the_host_beside_it(self):
        told = after_link('<a href="https://evil.example/x?y">Atvērt pārskatu</a>')
        assert told == '<small class="to">→\u00a0<bdi dir="ltr">evil.example</bdi></small>'

    def test_so_has_a_picture_that_is_a_link(self):
        assert ">evil.example<" in after_link('<a href="https://evil.example"><img src="cid:a"></a>')

    @pytest.mark.parametrize("text", ["https://emus.example/a", "emus.example", "www.emus.example", "EMUS.example/b"])
    def test_a_text_that_names_the_host_needs_nothing_more(self, text):
        assert after_link(f'<a href="https://emus.example/a">{text}</a>') == ""

    def test_the_name_of_a_parent_is_no_lie(self):
        assert "to-other" not in after_link('<a href="https://www.emus.example/a">emus.example</a>')

    @pytest.mark.parametrize(
        "text",
        [
            "https://emus.example/",
            "www.emus.example",
            "emus.example",
            "Ejiet uz https://emus.example tagad",
            "em<b>us.exa</b>mple",
            "https://em\u200bus.example",
            "atbalsts@emus.example",
            "evil.example https://emus.example",
            "https://evil.example@emus.example",
            "https://emus.example\\@evil.example",
            "notevil.example",
        ],
    )
    def test_a_text_that_names_another_host_is_warned_of(self, text):
        told = after_link(f'<a href="https://evil.example/emus.example">{text}</a>')
        assert 'class="to to-other"' in told
        assert '<bdi dir="ltr">evil.example</bdi>' in told

    def test_the_name_of_a_file_is_not_taken_for_a_host(self):
        assert "to-other" not in after_link('<a href="https://disks.example/1">Pārskats.pdf</a>')

    def test_a_mail_link_tells_its_address_or_warns(self):
        assert after_link('<a href="mailto:a@emus.example?subject=x">a@emus.example</a>') == ""
        assert ">a@emus.example<" in after_link('<a href="mailto:a@emus.example">rakstiet</a>')
        assert "to-other" in after_link('<a href="mailto:a@evil.example">a@emus.example</a>')

    def test_a_host_of_another_alphabet_is_shown_in_both_forms(self):
        told = after_link('<a href="https://еmus.example">atvērt</a>')
        assert ">xn--mus-qdd.example (еmus.example)<" in told

    def test_a_host_that_only_looks_like_the_one_named_is_warned_of(self):
        assert "to-other" in after_link('<a href="https://еmus.example">emus.example</a>')

    def test_a_host_is_never_markup_nor_turned_around(self):
        told = after_link('<a href="mailto:&lt;b&gt;@x.example">x</a>')
        assert "<b>" not in told
        assert '<bdi dir="ltr">' in told

    def test_links_within_links_are_all_told_of(self):
        html = '<a href="https://one.example">x<table><tr><td><a href="https://two.example">y</a></td></tr></table></a>'
        assert shown(html).count('class="to"') == html.count("<a ")

    def test_a_letter_without_links_stays_as_it_is(self):
        html = '<p>a &lt;a href="https://x.example"&gt; b src="cid:a"</p>'
        assert shown(html) == html


class TestHost:
    """E-I.4: the host is the one that the browser would ask."""

    @pytest.mark.parametrize(
        "address",
        [
            "https://evil.example/",
            "HTTPS://EVIL.example:8443?x",
            "https://emus.example@evil.example/x",
            "https://emus.example:pw@evil.example",
            "https:\\\\evil.example\\@emus.example",
            "https:////evil.example/",
            "https://evil.exam\tple#@emus.example",
            "//evil.example",
            "https://%65vil.example",
            "https://ｅvil.example",
            "https://evil。example",
        ],
    )
    def test_it_is_found_as_a_browser_finds_it(self, address):
        assert host_of(address) == "evil.example"

    @pytest.mark.parametrize("address", ["", "mailto:a@b.example", "cid:x", "/path", "https://"])
    def test_where_there_is_none_it_is_empty(self, address):
        assert host_of(address) == ""

    def test_one_that_no_browser_could_ask_is_shown_as_it_is(self):
        assert host_of("https://a b.example") == "a b.example"
        assert host_words("xn--\u0101") == "xn--\u0101"


class TestPictures:
    """E-I.4: pictures from elsewhere wait until they are asked for; the hosts are named."""

    HTML = '<img src="https://t.example/1.gif?a=1&amp;b"><img src="http://s.example/2"><img src="//t.example/3">'

    def test_their_hosts_are_named_once_each(self):
        assert picture_hosts(clean_html(self.HTML)) == ["t.example", "s.example"]

    def test_they_stay_unplugged(self):
        assert " src=" not in shown(self.HTML)

    def test_asked_for_they_come_by_https_and_tell_nothing_of_us(self):
        html = shown(self.HTML, remote_pictures=True)
        assert html.count(' src="https://') == html.count('referrerpolicy="no-referrer"') == 3
        assert ' src="https://t.example/1.gif?a=1&amp;b"' in html

    def test_the_letter_s_own_picture_is_put_in_its_place(self):
        assert ' src="/files/1/?show=1"' in shown('<img src="cid:Logo%401">', **{"logo@1": "/files/1/?show=1"})
        assert ' src=""' in shown('<img src="cid:unknown">')

    def test_words_that_look_like_a_picture_stay_words(self):
        html = '<p title=" data-remote-src=">src="cid:a" data-remote-src="https://x.example"</p>'
        assert " src=" not in shown(html, remote_pictures=True).replace('src="cid:a"', "")
