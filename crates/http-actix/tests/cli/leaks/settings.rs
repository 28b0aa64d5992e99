//! Settings and seeds that cannot be, with secrets in them: what is said of them repeats none.

use super::auth0_at;
use super::plant::{CLIENT_SECRET, OLAV, Planted, ROSA, SEED_PASSWORD};
use crate::check_config::{ISSUER, check};
use crate::support::{Ended, Place};

#[track_caller]
fn assert_silent(about: &str, ended: &Ended) {
    assert_eq!(ended.code, Some(1), "{about}: {ended:?}");
    assert!(ended.stderr.starts_with("usher: "), "{about}: {ended:?}");
    let said = format!("{}{}", ended.stdout, ended.stderr);
    Planted::with(&[]).assert_absent(about, &said);
    assert!(!said.contains("918273645546"), "{said}");
}

#[test]
fn misplaced_secret_in_settings_is_not_quoted() {
    let good = format!("{ISSUER}{}", auth0_at("https://a.example"))
        .replace(super::CLIENT_ID, "some-client")
        .replace("timeout_ms = 500\n", "");
    let line = format!("client_secret = \"{CLIENT_SECRET}\"\n");
    assert!(good.contains(&line));
    for instead in [
        "client_secret = 918273645546\n".to_owned(),
        "client_secret = -9182736455.46\n".to_owned(),
        format!("client_secret = [\"{CLIENT_SECRET}\"]\n"),
        format!("client_secret = {{ text = \"{CLIENT_SECRET}\" }}\n"),
        format!("client_secret = {CLIENT_SECRET}\n"),
        format!("client_secret = \"{CLIENT_SECRET}\n"),
        format!("client_secret = '{CLIENT_SECRET}' \"\n"),
        format!("client_secret = \"\"\"{CLIENT_SECRET}\n"),
        format!("client_secret = \"\u{1}{CLIENT_SECRET}\"\n"),
        format!("client_secret \"{CLIENT_SECRET}\"\n"),
        format!("{line}{line}"),
        format!("{line}client_secret_file = \"{CLIENT_SECRET}\"\n"),
        format!("client_secret_file = \"{CLIENT_SECRET}\"\n"),
        format!("client_secert = \"{CLIENT_SECRET}\"\n"),
        format!("{line}timeout_ms = \"{CLIENT_SECRET}\"\n"),
        format!("{line}verify_email = \"{CLIENT_SECRET}\"\n"),
        format!("{line}invite = \"{CLIENT_SECRET}\"\n"),
        format!("{line}metadata_prefix = \"{CLIENT_SECRET}\"\n"),
        format!("{line}[http]\nworkers = \"{CLIENT_SECRET}\"\n"),
        format!("{line}[http]\nlisten = \"{CLIENT_SECRET}\"\n"),
        format!("{line}[http]\npublic_url = \"ftp://u:{CLIENT_SECRET}@a.example\"\n"),
        format!("{line}[http]\npublic_url = \"https://u:{CLIENT_SECRET}@a.example\"\n"),
        format!("{line}[http]\ncors_origins = [\"https://u:{CLIENT_SECRET}@a.example\"]\n"),
        format!("{line}[http]\ntrusted_proxies = [\"{CLIENT_SECRET}\"]\n"),
        format!("{line}[log]\nfilter = \"{CLIENT_SECRET}=a=b\"\n"),
        format!("{line}[log]\nformat = \"{CLIENT_SECRET}\"\n"),
        format!("{line}[secrets]\nclient = \"{CLIENT_SECRET}\"\n"),
    ] {
        assert_silent(&instead, &check(&good.replace(&line, &instead)));
    }
    for domain in ["https://u:Plant-Client-Secret-8@a.example", "http://Plant-Client-Secret-8:8/x"]
    {
        let text = good.replace("https://a.example", domain);
        assert_silent(domain, &check(&text));
    }
}

#[test]
fn debug_output_of_settings_has_no_secrets() {
    let place = Place::new();
    let text = format!("{ISSUER}{}", auth0_at("https://a.example"));
    let file = place.write("usher.toml", &text.replace(super::CLIENT_ID, "some-client"));
    let settings = usher_http::settings::load(Some(file.as_ref())).unwrap();
    let prints = format!("{settings:?} {settings:#?}");
    assert!(prints.contains("some-client"), "{prints}");
    Planted::with(&[]).assert_absent("the settings", &prints);
}

#[test]
fn secret_in_invalid_variable_is_not_quoted() {
    let place = Place::new();
    let file = place.write("usher.toml", ISSUER);
    for name in [
        "USHER__SECRET",
        "USHER__DIRECTORY",
        "USHER__DIRECTORY__AUTH0",
        "USHER__DIRECTORY__AUTH0__SECRET",
        "USHER__DIRECTORY__AUTH0__CLIENT_SECRET__TEXT",
        "USHER__DIRECTORY__AUTH0__TIMEOUT_MS",
        "USHER__DIRECTORY__ADAPTER",
        "USHER__HTTP__WORKERS",
        "USHER__HTTP",
        "USHER__AUTH__ISSUERS",
        "USHER__ROLES",
    ] {
        let ended = place.run_with(&[(name, CLIENT_SECRET)], &["check-config", "--config", &file]);
        assert_silent(name, &ended);
    }
}

#[test]
fn password_in_invalid_seed_is_not_quoted() {
    let (rosa, olav) = (ROSA.email(), OLAV.email());
    let good = format!("{{\"email\":\"{rosa}\",\"password\":\"{SEED_PASSWORD}\"}}");
    for seed in [
        format!("{{\"email\":\"{rosa}\",\"pasword\":\"{SEED_PASSWORD}\"}}"),
        format!("{{\"email\":\"{rosa}\",\"password\":\"{SEED_PASSWORD}"),
        format!("{{\"email\":\"{rosa}\",\"password\":{SEED_PASSWORD}}}"),
        format!("{{\"email\":\"{rosa}\",\"password\":[\"{SEED_PASSWORD}\"]}}"),
        format!("{{\"email\":\"{rosa}\",\"password\":\"{SEED_PASSWORD} ü\"}}"),
        format!("{{\"email\":\"{SEED_PASSWORD}\"}}"),
        format!("{{\"email\":\"{rosa}\",\"id\":\"{SEED_PASSWORD} \"}}"),
        format!("{{\"email\":\"{rosa}\",\"createdAt\":\"{SEED_PASSWORD}\"}}"),
        format!("{{\"email\":\"{rosa}\",\"blocked\":\"{SEED_PASSWORD}\"}}"),
        format!("{{\"email\":\"{rosa}\",\"homeTenant\":\"{SEED_PASSWORD}\"}}"),
        format!("{{\"email\":\"{rosa}\",\"tenants\":{{\"acme\":{{\"a\":\"{SEED_PASSWORD}\"}}}}}}"),
        format!("{good}\n{good}"),
        format!("{good}\n{{\"email\":\"{olav}\",\"id\":\"a\"}}\n{{\"email\":\"{olav}\"}}"),
        format!("{good}{good}"),
        SEED_PASSWORD.to_owned(),
    ] {
        let place = Place::new();
        place.write("people.jsonl", &seed);
        let settings = format!("{ISSUER}[directory.memory]\nseed = \"people.jsonl\"\n");
        let file = place.write("usher.toml", &settings);
        for command in ["check-config", "serve"] {
            assert_silent(&seed, &place.run(&[command, "--config", &file]));
        }
    }
}

#[test]
fn invalid_development_key_is_not_quoted() {
    let place = Place::new();
    place.write("state/usher/development-key.pk8", &format!("{CLIENT_SECRET} is no key"));
    assert_silent("token", &place.run(&["token"]));
    assert_silent("serve", &place.run(&["serve", "--dev", "--listen", "127.0.0.1:0"]));
}
