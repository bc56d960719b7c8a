"""What of a client's headers reaches a service, and what a service is told besides."""

from gateway.headers import outbound, sort_out

TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ID = "0190b5d2-0000-7000-8000-000000000000"


def sent_on(*headers: tuple[bytes, bytes], behind_proxy: bool = False) -> dict[bytes, list[bytes]]:
    result: dict[bytes, list[bytes]] = {}
    given = outbound(
        sort_out(headers),
        identity_token="signed",
        request_id=ID,
        address="1.2.3.4",
        scheme="http",
        behind_proxy=behind_proxy,
    )
    for name, value in given:
        result.setdefault(name, []).append(value)
    return result


def test_headers_that_could_forge_an_identity_are_replaced() -> None:
    forged = [
        (b"x-casare-identity", b"forged"),
        (b"x-casare-client", b"6.6.6.6"),
        (b"x-casare-anything", b"forged"),
        (b"x-forwarded-for", b"6.6.6.6"),
        (b"x-forwarded-proto", b"https"),
        (b"x-forwarded-host", b"evil"),
        (b"x-forwarded-prefix", b"/evil"),
        (b"x-real-ip", b"6.6.6.6"),
        (b"forwarded", b"for=6.6.6.6"),
    ]
    headers = sent_on((b"host", b"orchestrator"), *forged, *forged)
    assert headers[b"x-casare-identity"] == [b"signed"]
    assert headers[b"x-casare-client"] == [b"1.2.3.4"]
    assert headers[b"x-forwarded-for"] == [b"1.2.3.4"]
    assert headers[b"x-forwarded-proto"] == [b"http"]
    assert headers[b"x-forwarded-host"] == [b"orchestrator"]
    assert not headers.keys() & {b"x-casare-anything", b"x-forwarded-prefix", b"x-real-ip", b"forwarded"}


def test_credentials_end_at_the_gateway() -> None:
    headers = sent_on((b"authorization", b"Bearer secret"), (b"x-api-key", b"crpa_secret"))
    assert not headers.keys() & {b"authorization", b"x-api-key"}


def test_everything_else_passes_in_order() -> None:
    headers = sent_on((b"x-lease-token", b"abc"), (b"accept", b"a"), (b"accept", b"b"), (b"content-length", b"7"))
    assert headers[b"x-lease-token"] == [b"abc"]
    assert headers[b"accept"] == [b"a", b"b"]
    assert headers[b"content-length"] == [b"7"]


def test_a_well_formed_trace_goes_on_and_any_other_is_replaced() -> None:
    assert sent_on((b"traceparent", TRACE))[b"traceparent"] == [TRACE]
    for bad in (b"", b"nonsense", TRACE.upper(), TRACE + b"-00", b"00-" + b"0" * 32 + TRACE[35:], b"ff" + TRACE[2:]):
        [trace] = sent_on((b"traceparent", bad))[b"traceparent"]
        assert trace != bad
        assert len(trace) == len(TRACE)


def test_a_sane_request_id_is_taken_and_any_other_is_not() -> None:
    assert sort_out([(b"x-request-id", ID.encode())]).request_id() == ID
    for bad in (b"", b"a b", b"a\x00b", b"x" * 129, "ä".encode()):
        assert sort_out([(b"x-request-id", bad)]).request_id() is None
    assert sort_out([]).request_id() is None


def test_a_proxy_of_ours_says_which_scheme_the_client_used() -> None:
    told = (b"x-forwarded-proto", b"https")
    assert sent_on(told, behind_proxy=True)[b"x-forwarded-proto"] == [b"https"]
    assert sent_on((b"x-forwarded-proto", b"gopher"), behind_proxy=True)[b"x-forwarded-proto"] == [b"http"]
