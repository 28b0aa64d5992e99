//! Where one request ends and the next begins: what two readers could read in two ways is refused,
//! and the connection closed, so that nobody's request becomes part of somebody else's (RFC 9112
//! §11.2).

use crate::support::{Place, Service};
use crate::wire::Wire;

/// What is smuggled, or comes next; nothing else is answered in these words.
const NEXT: &str = "GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const NEXT_BODY: &str = "{\"status\":\"live\"}";

/// The answers, by status, and all that was said.
fn answers(service: &Service, first: &str) -> (Vec<u16>, String) {
    let mut wire = Wire::to(service.address);
    wire.say(&format!("{first}{NEXT}"));
    let heard = wire.hear_all();
    let statuses = heard.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap());
    (statuses.collect(), heard)
}

#[test]
fn ambiguous_head_is_rejected_and_connection_closed() {
    let service = Place::new().develop();
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
        let (statuses, heard) = answers(&service, &first);
        assert_eq!(statuses, [400], "{first:?}: {heard}");
    }
}

#[test]
fn ambiguous_chunk_closes_the_connection() {
    let service = Place::new().develop();
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
        let (statuses, heard) = answers(&service, &format!("{post}{body}"));
        assert!(!heard.contains(NEXT_BODY), "{body:?}: {heard}");
        assert!(statuses.iter().all(|status| [400, 401].contains(status)), "{body:?}: {heard}");
    }
}

#[test]
fn unambiguous_pipelined_requests_are_answered() {
    let service = Place::new().develop();
    for first in [
        // RFC 9112 §2.2: a line may end in LF alone.
        "GET /nothing HTTP/1.1\nHost: x\n\n",
        "\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        "GET /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n",
        "GET /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n",
    ] {
        let (statuses, heard) = answers(&service, first);
        assert_eq!(statuses, [404, 200], "{first:?}: {heard}");
    }
}

#[test]
fn wrong_content_length_starts_no_other_request() {
    let service = Place::new().develop();
    let get = |length: &str| {
        format!("GET /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n")
    };
    // The next request is the body of this one, all of it.
    let (statuses, heard) = answers(&service, &get(&NEXT.len().to_string()));
    assert_eq!(statuses, [404], "{heard}");
    // The body has more than it says: the rest is no request.
    let (statuses, heard) = answers(&service, &format!("{}abcdef", get("3")));
    assert!(!heard.contains(NEXT_BODY), "{heard}");
    assert_eq!(statuses.first(), Some(&404), "{heard}");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let service = Place::new().develop();
    let get =
        |number| format!("GET /nothing HTTP/1.1\r\nHost: x\r\nX-Request-Id: {number}\r\n\r\n");
    let first: Vec<_> = (0..100).map(get).collect();
    let (statuses, heard) = answers(&service, &first.concat());
    let ids: Vec<_> = heard.split("\"requestId\":\"").skip(1).collect();
    let expected = (0..100).map(|number| format!("{number}\""));
    assert!(ids.len() == 100 && ids.iter().zip(expected).all(|(id, it)| id.starts_with(&it)));
    assert_eq!((statuses.len(), statuses.last()), (101, Some(&200)));
}

#[test]
fn oversized_head_is_rejected_with_431() {
    let service = Place::new().develop();
    let many = "X: y\r\n".repeat(100);
    let large = format!("X: {}\r\n", "y".repeat(200_000));
    for (fields, status) in [(many, 431), (large, 431)] {
        let mut wire = Wire::to(service.address);
        // It may have had enough before all is said.
        wire.say_what_can_be(&format!("GET /nothing HTTP/1.1\r\nHost: x\r\n{fields}\r\n"));
        let heard = wire.hear_all();
        assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{heard}");
    }
}
