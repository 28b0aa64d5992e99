//! The commands `openapi` and `healthcheck`, and invalid command lines.

use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{ClosingListener, Sandbox};

#[test]
fn openapi_prints_the_committed_document() {
    let output = Sandbox::new().run(&["openapi"]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let committed = std::fs::read_to_string(file).unwrap();
    assert!(output.stdout == committed, "docs/openapi.json is stale: run `make generate`");
}

#[test]
fn healthcheck_queries_the_given_address() {
    let sandbox = Sandbox::new();
    let service = sandbox.start_dev();
    let address = service.address.to_string();
    let output = sandbox.run(&["healthcheck", "--address", &address]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(0), "ready\n"), "{output:?}");
    drop(service);
    let output =
        sandbox.run(&["healthcheck", "--address", &ClosingListener::start().address().to_string()]);
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
}

#[test]
fn healthcheck_reads_the_address_from_settings() {
    let sandbox = Sandbox::new();
    let service = sandbox.start_dev();
    // For an unspecified address, loopback is queried.
    let port = service.address.port();
    for listen in [service.address.to_string(), format!("0.0.0.0:{port}")] {
        let issuers = "[[auth.issuers]]\nissuer = \"https://a.example/\"\naudience = \"a\"\ntenants = \"all\"\n";
        for issuers in [issuers, ""] {
            let file =
                sandbox.write("usher.toml", &format!("{issuers}[http]\nlisten = \"{listen}\"\n"));
            let output = sandbox.run(&["healthcheck", "--config", &file]);
            assert_eq!(output.code, Some(0), "{output:?}");
            let output = sandbox.run_with(&[("USHER_CONFIG", &file)], &["healthcheck"]);
            assert_eq!(output.code, Some(0), "{output:?}");
        }
        let output = sandbox.run_with(&[("USHER__HTTP__LISTEN", &listen)], &["healthcheck"]);
        assert_eq!(output.code, Some(0), "{output:?}");
    }
    let closing_listener = ClosingListener::start().address().to_string();
    let file = sandbox.write("usher.toml", &format!("[http]\nlisten = \"{closing_listener}\"\n"));
    let output = sandbox.run_with(&[("USHER_CONFIG", &file)], &["healthcheck"]);
    assert_eq!(output.code, Some(1), "{output:?}");
    let output = sandbox.run(&["healthcheck", "--config", "nowhere.toml"]);
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("nowhere.toml"), "{output:?}");
}

#[tokio::test]
async fn healthcheck_succeeds_only_on_status_200() {
    let (sandbox, server) = (Sandbox::new(), MockServer::start().await);
    let address = server.address().to_string();
    for (status, code) in [(200, 0), (503, 1), (404, 1), (302, 1), (204, 1)] {
        server.reset().await;
        Mock::given(path("/health/ready"))
            .respond_with(ResponseTemplate::new(status))
            .mount(&server)
            .await;
        let output = sandbox.run(&["healthcheck", "--address", &address]);
        assert_eq!(output.code, Some(code), "{status}: {output:?}");
        assert!(code == 0 || output.stderr.contains(&status.to_string()), "{output:?}");
    }
}

#[test]
fn invalid_command_line_exits_with_2() {
    let sandbox = Sandbox::new();
    for arguments in [
        &[][..],
        &["nonsense"],
        &["serve", "--nonsense"],
        &["serve", "extra"],
        &["serve", "--dev", "--config", "usher.toml"],
        &["serve", "--allow-remote"],
        &["serve", "--listen", "nowhere"],
        &["token", "--tenant", "ACME"],
        &["token", "--tenant", "a.b"],
        &["token", "--ttl", "soon"],
        &["token", "--ttl", "-1"],
        &["healthcheck", "--address", "localhost"],
        &["check-config", "--config"],
    ] {
        let output = sandbox.run(arguments);
        assert_eq!(
            (output.code, output.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}: {output:?}"
        );
        assert!(!output.stderr.is_empty());
    }
    for arguments in [&["--help"][..], &["--version"], &["serve", "--help"], &["token", "--help"]] {
        let output = sandbox.run(arguments);
        assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
