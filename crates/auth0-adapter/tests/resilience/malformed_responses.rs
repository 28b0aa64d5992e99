//! Malformed responses: an error that contains nothing of them.

use auth0_sim::FaultKind;

use crate::support::{Bench, HIDDEN, Operation, TOKEN, error_text, outcome_name};

/// More than the size limit.
const TOO_MUCH: FaultKind = FaultKind::Oversized { bytes: 16 * 1024 * 1024 };

fn kinds() -> [FaultKind; 8] {
    [
        FaultKind::ResetBefore,
        FaultKind::ResetAfter,
        FaultKind::Malformed,
        FaultKind::Truncated,
        TOO_MUCH,
        FaultKind::Html { status: 200 },
        FaultKind::Html { status: 502 },
        FaultKind::EmptyBody,
    ]
}

#[tokio::test]
async fn malformed_response_is_an_error_without_its_content() {
    for operation in Operation::ALL {
        for kind in kinds() {
            let bench = Bench::new().await;
            bench.add_fault(operation.route(), None, kind.clone());
            let result = bench.run(operation).await;
            if outcome_name(&result) == "ok" {
                // A delete response has no body; a create is resolved by an e-mail look-up. Both
                // were processed.
                let gone = bench.control().user(bench.jane.id.as_str()).is_none();
                assert!(operation == Operation::Create || gone, "{operation:?} {kind:?}");
                let served = !matches!(kind, FaultKind::Html { .. } | FaultKind::ResetBefore);
                assert!(served, "{operation:?} {kind:?}");
                continue;
            }
            assert_eq!(outcome_name(&result), "failed", "{operation:?} {kind:?}");
            let text = error_text(&result.unwrap_err()).to_lowercase();
            assert_eq!(text.contains("too long"), kind == TOO_MUCH, "{operation:?} {kind:?}");
            for hidden in HIDDEN.into_iter().chain(["html", "auth0|", "auth0%7c", "http:"]) {
                assert!(!text.contains(&hidden.to_lowercase()), "{operation:?} {kind:?}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn malformed_token_response_is_an_error() {
    for kind in kinds() {
        let bench = Bench::new().await;
        bench.control().revoke_tokens();
        bench.add_fault(TOKEN, None, kind.clone());
        let result = bench.find().await;
        assert_eq!(outcome_name(&result), "failed", "{kind:?}");
        let text = error_text(&result.unwrap_err());
        for hidden in HIDDEN.into_iter().chain(["http:"]) {
            assert!(!text.contains(hidden), "{kind:?}: {text}");
        }
    }
}

#[tokio::test]
async fn proxy_error_page_has_no_meaning() {
    let bench = Bench::new().await;
    for status in [401, 403, 404, 409, 429] {
        for operation in [Operation::Find, Operation::Delete, Operation::LogIn] {
            bench.add_fault(operation.route(), 4, FaultKind::Html { status });
            let result = bench.run(operation).await;
            let expected = if status == 429 { "unavailable" } else { "failed" };
            assert_eq!(outcome_name(&result), expected, "{operation:?} {status}");
            bench.control().clear_faults();
        }
    }
}

#[tokio::test]
async fn error_of_a_4xx_hides_what_was_sent() {
    let bench = Bench::new().await;
    for operation in Operation::ALL {
        let kind = FaultKind::Status { status: 403, retry_after: None };
        bench.add_fault(operation.route(), 1, kind);
        let result = bench.run(operation).await;
        assert_eq!(outcome_name(&result), "failed", "{operation:?}");
        let text = error_text(&result.unwrap_err());
        assert!(text.contains("403"), "{text}");
        for hidden in HIDDEN {
            assert!(!text.contains(hidden), "{operation:?}: {text}");
        }
    }
}
