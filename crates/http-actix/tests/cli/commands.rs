//! The small commands, and the command line as such.

use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{Place, Silent};

#[test]
fn openapi_prints_the_committed_document() {
    let ended = Place::new().run(&["openapi"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let checked_in = std::fs::read_to_string(file).unwrap();
    assert!(ended.stdout == checked_in, "docs/openapi.json is stale: `make generate` writes it");
}

#[test]
fn healthcheck_queries_the_given_address() {
    let place = Place::new();
    let service = place.develop();
    let address = service.address.to_string();
    let ended = place.run(&["healthcheck", "--address", &address]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "ready\n"), "{ended:?}");
    drop(service);
    let ended = place.run(&["healthcheck", "--address", &Silent::start().address().to_string()]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
}

#[test]
fn healthcheck_reads_the_address_from_settings() {
    let place = Place::new();
    let service = place.develop();
    // An address that means every one is asked for on this machine.
    let port = service.address.port();
    for listen in [service.address.to_string(), format!("0.0.0.0:{port}")] {
        let issuers = "[[auth.issuers]]\nissuer = \"https://a.example/\"\naudience = \"a\"\ntenants = \"all\"\n";
        for issuers in [issuers, ""] {
            let file =
                place.write("usher.toml", &format!("{issuers}[http]\nlisten = \"{listen}\"\n"));
            let ended = place.run(&["healthcheck", "--config", &file]);
            assert_eq!(ended.code, Some(0), "{ended:?}");
            let ended = place.run_with(&[("USHER_CONFIG", &file)], &["healthcheck"]);
            assert_eq!(ended.code, Some(0), "{ended:?}");
        }
        let ended = place.run_with(&[("USHER__HTTP__LISTEN", &listen)], &["healthcheck"]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let silent = Silent::start().address().to_string();
    let file = place.write("usher.toml", &format!("[http]\nlisten = \"{silent}\"\n"));
    let ended = place.run_with(&[("USHER_CONFIG", &file)], &["healthcheck"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let ended = place.run(&["healthcheck", "--config", "nowhere.toml"]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("nowhere.toml"), "{ended:?}");
}

#[tokio::test]
async fn healthcheck_succeeds_only_on_status_200() {
    let (place, server) = (Place::new(), MockServer::start().await);
    let address = server.address().to_string();
    for (status, code) in [(200, 0), (503, 1), (404, 1), (302, 1), (204, 1)] {
        server.reset().await;
        Mock::given(path("/health/ready"))
            .respond_with(ResponseTemplate::new(status))
            .mount(&server)
            .await;
        let ended = place.run(&["healthcheck", "--address", &address]);
        assert_eq!(ended.code, Some(code), "{status}: {ended:?}");
        assert!(code == 0 || ended.stderr.contains(&status.to_string()), "{ended:?}");
    }
}

#[test]
fn invalid_command_line_exits_with_2() {
    let place = Place::new();
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
        let ended = place.run(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{arguments:?}: {ended:?}");
        assert!(!ended.stderr.is_empty());
    }
    for arguments in [&["--help"][..], &["--version"], &["serve", "--help"], &["token", "--help"]] {
        let ended = place.run(arguments);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
