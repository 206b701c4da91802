"""Calls go to allowed hosts only, at addresses that may be called, and are signed so that nobody can send them again."""

import base64
import ipaddress
import socket
from datetime import timedelta

import pytest

from springtide.kernel.errors import BadInput
from springtide.operations.delivery.posting import Answer, NoAnswer, Poster, Reach
from springtide.operations.delivery.signing import secret_key, signed, verify
from tests.operations.conftest import NOON
from tests.operations.delivery.conftest import HERE, KEY, LOOPBACK

OUTSIDE = Reach(hosts=("push.example.com", "*.mail.example.com"))


def _resolves_to(monkeypatch, *addresses):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: found)
    called = []

    def connected(address, timeout=None):
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connected)
    return called


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://evil.example.com/", "host_not_allowed"),
        ("https://push.example.com.evil.org/", "host_not_allowed"),
        ("https://mail.example.com/", "host_not_allowed"),  # only names below it
        ("https://push.example.com@evil.org/", "bad_url"),
        ("http://push.example.com/", "bad_url"),
        ("file:///etc/passwd", "bad_url"),
        ("gopher://push.example.com/", "bad_url"),
        ("https:///", "bad_url"),
        ("", "bad_url"),
    ],
)
def test_only_https_addresses_of_named_hosts_are_called(url, code):
    with pytest.raises(BadInput) as told:
        Poster(OUTSIDE, url)
    assert told.value.code == code


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1"),
        *("::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254"),
    ],
)
def test_a_named_host_that_leads_inside_is_not_called(monkeypatch, address):
    called = _resolves_to(monkeypatch, "93.184.216.34", address)
    with pytest.raises(BadInput) as told:
        OUTSIDE.connect("push.example.com", 443, 1.0)
    assert told.value.code == "host_not_allowed"
    assert called == []


def test_the_address_that_was_checked_is_the_one_that_is_called(monkeypatch):
    called = _resolves_to(monkeypatch, "93.184.216.34", "93.184.216.35")
    with pytest.raises(ConnectionRefusedError):
        OUTSIDE.connect("push.example.com", 443, 1.0)
    assert called == [("93.184.216.34", 443), ("93.184.216.35", 443)]


def test_what_can_be_read_underway_goes_to_private_networks_only(monkeypatch):
    both = Reach(hosts=("push.example.com",), private_networks=(ipaddress.ip_network("10.20.0.0/16"),))
    called = _resolves_to(monkeypatch, "93.184.216.34")
    with pytest.raises(BadInput):
        both.connect("push.example.com", 80, 1.0, is_open=True)
    assert called == []
    called = _resolves_to(monkeypatch, "10.20.3.4")
    with pytest.raises(ConnectionRefusedError):
        both.connect("push.example.com", 80, 1.0, is_open=True)
    assert called == [("10.20.3.4", 80)]


def test_loopback_is_reached_only_when_it_is_named(gateway):
    with pytest.raises(BadInput):
        Reach(hosts=("127.0.0.1",)).connect("127.0.0.1", 80, 1.0)
    poster = Poster(Reach(hosts=("127.0.0.1",), private_networks=LOOPBACK), gateway.url)
    assert poster.post(b"{}", {}) == Answer(204, poster.post(b"{}", {}).headers, b"")
    poster.close()


def test_connections_are_kept_and_opened_anew_when_the_other_side_closed_them(gateway):
    poster = Poster(HERE, gateway.url, at_once=2)
    assert [answer.status for answer in poster.post_all([(b"1", {}), (b"2", {})])] == [204, 204]
    first = [connection.sock.getsockname() for connection in poster._connections]
    gateway.says = [(200, b"{}", {"connection": "close"})]
    poster.post(b"3", {})
    assert [poster.post(b"4", {}).status, poster.post(b"5", {}).status] == [204, 204]
    assert poster._connections[1].sock.getsockname() == first[1]
    assert [call.body for call in gateway.calls][2:] == [b"3", b"4", b"5"]
    poster.close()


def test_no_answer_is_told_apart_from_no_call(gateway):
    gateway.says = [None]
    poster = Poster(HERE, gateway.url, timeout=0.3)
    lost = poster.post(b"{}", {})
    assert isinstance(lost, NoAnswer)
    assert lost.was_sent
    poster.close()
    nobody = Poster(HERE, "http://127.0.0.1:1/")
    refused = nobody.post(b"{}", {})
    assert isinstance(refused, NoAnswer)
    assert not refused.was_sent


def test_an_answer_is_read_up_to_a_limit(gateway):
    gateway.says = [(200, b"x" * 3_000_000)]
    poster = Poster(HERE, gateway.url)
    answer = poster.post(b"{}", {})
    assert (len(answer.body), answer.is_whole) == (1_000_000, False)
    assert poster.post(b"{}", {}).status == 204
    poster.close()


# --- signatures


def test_the_signature_is_the_one_of_the_standards_own_example():
    # From the specification's repository: the secret, id, time and payload of its test of the symmetric scheme.
    key = secret_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    headers = signed(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", body, now=NOON.fromtimestamp(1614265330, tz=NOON.tzinfo))
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signed_call_is_known_by_either_key_while_secrets_change():
    old, new = KEY, b"another key of twenty-four bytes"
    headers = signed(new, "m1", b"{}", now=NOON)
    assert verify([old, new], headers, b"{}", now=NOON) == "m1"
    both = {**headers, "webhook-signature": f"v1a,xx v1,AAAA {headers['webhook-signature']}"}
    assert verify([new], both, b"{}", now=NOON) == "m1"


@pytest.mark.parametrize(
    ("change", "body", "code"),
    [
        ({}, b'{"a": 1}', "bad_signature"),
        ({"webhook-id": "m2"}, b"{}", "bad_signature"),
        ({"webhook-timestamp": str(int(NOON.timestamp()) + 1)}, b"{}", "bad_signature"),
        ({"webhook-signature": ""}, b"{}", "bad_signature"),
        ({"webhook-signature": "v1,"}, b"{}", "bad_signature"),
        ({"webhook-signature": "v1,é"}, b"{}", "bad_signature"),
        ({"webhook-timestamp": "1e9"}, b"{}", "bad_signature"),
        ({"webhook-timestamp": "9" * 400}, b"{}", "bad_signature"),
    ],
)
def test_a_changed_or_unsigned_call_is_refused(change, body, code):
    with pytest.raises(BadInput) as told:
        verify([KEY], {**signed(KEY, "m1", b"{}", now=NOON), **change}, body, now=NOON)
    assert told.value.code == code


@pytest.mark.parametrize("minutes", [6, -6])
def test_a_call_that_is_sent_again_later_is_refused(minutes):
    with pytest.raises(BadInput) as told:
        verify([KEY], signed(KEY, "m1", b"{}", now=NOON), b"{}", now=NOON + timedelta(minutes=minutes))
    assert told.value.code == "stale_call"


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!", "whsec_" + base64.b64encode(b"short").decode()])
def test_a_weak_secret_is_refused(secret):
    with pytest.raises(BadInput) as told:
        secret_key(secret)
    assert told.value.code == "bad_secret"
