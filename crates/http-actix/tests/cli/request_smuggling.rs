//! Request smuggling (RFC 9112 §11.2): ambiguous message framing is rejected and the connection
//! closed.

use crate::raw_connection::RawConnection;
use crate::support::{Sandbox, Service};

/// The smuggled or following request; only its response has this body.
const NEXT: &str = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const NEXT_BODY: &str = "{\"status\":\"live\"}";

/// Sends a request and `NEXT`; returns the statuses of the responses and the received text.
fn exchange(service: &Service, first: &str) -> (Vec<u16>, String) {
    let mut connection = RawConnection::open(service.address);
    connection.send(&format!("{first}{NEXT}"));
    let received = connection.read_to_end();
    let statuses =
        received.split("HTTP/1.1 ").skip(1).map(|response| response[..3].parse().unwrap());
    (statuses.collect(), received)
}

#[test]
fn ambiguous_head_is_rejected_and_connection_closed() {
    let service = Sandbox::new().start_dev();
    let post = |headers: &str, body: &str| {
        format!("POST /api/v1/users HTTP/1.1\r\nHost: x\r\n{headers}\r\n{body}")
    };
    for first in [
        post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
        post("Content-Length: 0\r\nContent-Length: 78\r\n", ""),
        post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
        post("Content-Length: 3, 3\r\n", "abc"),
        post("Content-Length: 0,78\r\n", ""),
        post("Content-Length: +3\r\n", "abc"),
        post("Content-Length: -3\r\n", "abc"),
        post("Content-Length: 0x3\r\n", "abc"),
        post("Content-Length: 3 3\r\n", "abc"),
        post("Content-Length: \r\n", ""),
        post("Content-Length: 18446744073709551616\r\n", ""),
        post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: identity\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding\r\n : chunked\r\n", "0\r\n\r\n"),
        post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
        post(" Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        post("X: y\r\n Content-Length: 78\r\n", ""),
        post("X: y\r\n\tz\r\n", ""),
        post("X: y\rContent-Length: 78\r\n", ""),
        post("X: y\0z\r\n", ""),
        post("X\0: y\r\n", ""),
        post(": y\r\n", ""),
        post("X y\r\n", ""),
        post("Host: y\r\n", ""),
        "POST /api/v1/users HTTP/1.1\r\n\r\n".to_owned(),
        "POST /api/v1/users HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "POST /api/v1/users HTTP/1.0\r\n\r\n".to_owned(),
        "POST /api/v1/users HTTP/2.0\r\nHost: x\r\n\r\n".to_owned(),
        "POST  /api/v1/users HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "PO ST /api/v1/users HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
    ] {
        let (statuses, received) = exchange(&service, &first);
        assert_eq!(statuses, [400], "{first:?}: {received}");
    }
}

#[test]
fn ambiguous_chunk_closes_the_connection() {
    let service = Sandbox::new().start_dev();
    let post = "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in [
        "0x3\r\nabc\r\n0\r\n\r\n",
        "+3\r\nabc\r\n0\r\n\r\n",
        "-3\r\nabc\r\n0\r\n\r\n",
        "3 3\r\nabc\r\n0\r\n\r\n",
        "\r\n3\r\nabc\r\n0\r\n\r\n",
        "10000000000000003\r\nabc\r\n0\r\n\r\n",
        "3;x=\ny\r\nabc\r\n0\r\n\r\n",
        "3;x=y\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nabc0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n",
    ] {
        let (statuses, received) = exchange(&service, &format!("{post}{body}"));
        assert!(!received.contains(NEXT_BODY), "{body:?}: {received}");
        assert!(statuses.iter().all(|status| [400, 401].contains(status)), "{body:?}: {received}");
    }
}

#[test]
fn unambiguous_pipelined_requests_are_answered() {
    let service = Sandbox::new().start_dev();
    for first in [
        // RFC 9112 §2.2: a line may end with a bare LF.
        "GET /nothing HTTP/1.1\nHost: x\n\n",
        "\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        "GET /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n",
        "GET /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
    ] {
        let (statuses, received) = exchange(&service, first);
        assert_eq!(statuses, [404, 200], "{first:?}: {received}");
    }
}

#[test]
fn wrong_content_length_starts_no_other_request() {
    let service = Sandbox::new().start_dev();
    let get = |length: &str| {
        format!("GET /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n")
    };
    // The body of the first request is the whole following request.
    let (statuses, received) = exchange(&service, &get(&NEXT.len().to_string()));
    assert_eq!(statuses, [404], "{received}");
    // The body is longer than declared: the rest is not a request.
    let (statuses, received) = exchange(&service, &format!("{}abcdef", get("3")));
    assert!(!received.contains(NEXT_BODY), "{received}");
    assert_eq!(statuses.first(), Some(&404), "{received}");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let service = Sandbox::new().start_dev();
    let get =
        |number| format!("GET /nothing HTTP/1.1\r\nHost: x\r\nX-Request-Id: {number}\r\n\r\n");
    let first: Vec<_> = (0..100).map(get).collect();
    let (statuses, received) = exchange(&service, &first.concat());
    let ids: Vec<_> = received.split("\"requestId\":\"").skip(1).collect();
    let expected = (0..100).map(|number| format!("{number}\""));
    assert!(
        ids.len() == 100
            && ids.iter().zip(expected).all(|(id, expected_id)| id.starts_with(&expected_id))
    );
    assert_eq!((statuses.len(), statuses.last()), (101, Some(&200)));
}

#[test]
fn oversized_head_is_rejected_with_431() {
    let service = Sandbox::new().start_dev();
    let many_fields = "X: y\r\n".repeat(100);
    let large_field = format!("X: {}\r\n", "y".repeat(200_000));
    for (fields, status) in [(many_fields, 431), (large_field, 431)] {
        let mut connection = RawConnection::open(service.address);
        // The server may close the connection before the whole head is sent.
        connection.try_send(&format!("GET /nothing HTTP/1.1\r\nHost: x\r\n{fields}\r\n"));
        let received = connection.read_to_end();
        assert!(received.starts_with(&format!("HTTP/1.1 {status} ")), "{received}");
    }
}

#[test]
fn upgrade_header_starts_no_other_request() {
    let service = Sandbox::new().start_dev();
    for (start, status) in [
        ("GET /nothing", 404),
        ("POST /api/v1/users", 401),
        ("GET /health/live", 200),
        ("CONNECT /api/v1/users", 405),
        ("CONNECT example.com:443", 404),
    ] {
        for fields in [
            "Upgrade: websocket\r\n",
            "Upgrade: websocket\r\nConnection: Upgrade\r\n",
            "Upgrade: websocket\r\nContent-Length: 3\r\n",
        ] {
            // The connection is closed after the first response: the framework has stopped to look
            // for a second request.
            let first = format!("{start} HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
            let (statuses, received) = exchange(&service, &first);
            assert_eq!(statuses, [status], "{first:?}: {received}");
            let received = received.to_lowercase();
            assert!(received.contains("\r\nconnection: close\r\n"), "{first:?}: {received}");
            assert!(!received.contains("upgrade"), "{first:?}: {received}");
        }
    }
    // Of other protocols, the framework takes no notice.
    let first = "GET /nothing HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\n\r\n";
    let (statuses, received) = exchange(&service, first);
    assert_eq!(statuses, [404, 200], "{received}");
}
