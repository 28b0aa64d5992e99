//! Invalid settings and seeds that contain secrets: error messages do not quote them.

use super::auth0_settings;
use super::planted::{CLIENT_SECRET, OLAV, PlantedTexts, ROSA, SEED_PASSWORD};
use crate::check_config::{ISSUER, check};
use crate::support::{ProcessOutput, Sandbox};

#[track_caller]
fn assert_no_secret_printed(description: &str, output: &ProcessOutput) {
    assert_eq!(output.code, Some(1), "{description}: {output:?}");
    assert!(output.stderr.starts_with("usher: "), "{description}: {output:?}");
    let printed = format!("{}{}", output.stdout, output.stderr);
    PlantedTexts::with(&[]).assert_absent(description, &printed);
    assert!(!printed.contains("918273645546"), "{printed}");
}

#[test]
fn misplaced_secret_in_settings_is_not_quoted() {
    let valid = format!("{ISSUER}{}", auth0_settings("https://a.example"))
        .replace(super::CLIENT_ID, "some-client")
        .replace("timeout_ms = 500\n", "");
    let line = format!("client_secret = \"{CLIENT_SECRET}\"\n");
    assert!(valid.contains(&line));
    for replacement in [
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
        assert_no_secret_printed(&replacement, &check(&valid.replace(&line, &replacement)));
    }
    for domain in ["https://u:Plant-Client-Secret-8@a.example", "http://Plant-Client-Secret-8:8/x"]
    {
        let text = valid.replace("https://a.example", domain);
        assert_no_secret_printed(domain, &check(&text));
    }
}

#[test]
fn debug_output_of_settings_has_no_secrets() {
    let sandbox = Sandbox::new();
    let text = format!("{ISSUER}{}", auth0_settings("https://a.example"));
    let file = sandbox.write("usher.toml", &text.replace(super::CLIENT_ID, "some-client"));
    let settings = usher_http::settings::load(Some(file.as_ref())).unwrap();
    let prints = format!("{settings:?} {settings:#?}");
    assert!(prints.contains("some-client"), "{prints}");
    PlantedTexts::with(&[]).assert_absent("the settings", &prints);
}

#[test]
fn secret_in_invalid_variable_is_not_quoted() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("usher.toml", ISSUER);
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
        let output =
            sandbox.run_with(&[(name, CLIENT_SECRET)], &["check-config", "--config", &file]);
        assert_no_secret_printed(name, &output);
    }
}

#[test]
fn password_in_invalid_seed_is_not_quoted() {
    let (rosa, olav) = (ROSA.email(), OLAV.email());
    let valid = format!("{{\"email\":\"{rosa}\",\"password\":\"{SEED_PASSWORD}\"}}");
    for seed in [
        format!("{{\"email\":\"{rosa}\",\"pasword\":\"{SEED_PASSWORD}\"}}"),
        format!("{{\"email\":\"{rosa}\",\"password\":\"{SEED_PASSWORD}"),
        format!("{{\"email\":\"{rosa}\",\"password\":{SEED_PASSWORD}}}"),
        format!("{{\"email\":\"{rosa}\",\"password\":[\"{SEED_PASSWORD}\"]}}"),
        format!("{{\"email\":\"{rosa}\",\"password\":\"{SEED_PASSWORD} ü\"}}"),
        format!("{{\"email\":\"{SEED_PASSWORD}\"}}"),
        format!("{{\"email\":\"{rosa}\",\"id\":\"{SEED_PASSWORD}\\u0007\"}}"),
        format!("{{\"email\":\"{rosa}\",\"createdAt\":\"{SEED_PASSWORD}\"}}"),
        format!("{{\"email\":\"{rosa}\",\"blocked\":\"{SEED_PASSWORD}\"}}"),
        format!("{{\"email\":\"{rosa}\",\"homeTenant\":\"{SEED_PASSWORD}\"}}"),
        format!("{{\"email\":\"{rosa}\",\"tenants\":{{\"acme\":{{\"a\":\"{SEED_PASSWORD}\"}}}}}}"),
        format!("{valid}\n{valid}"),
        format!("{valid}\n{{\"email\":\"{olav}\",\"id\":\"a\"}}\n{{\"email\":\"{olav}\"}}"),
        format!("{valid}{valid}"),
        SEED_PASSWORD.to_owned(),
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("users.jsonl", &seed);
        let settings = format!("{ISSUER}[directory.memory]\nseed = \"users.jsonl\"\n");
        let file = sandbox.write("usher.toml", &settings);
        for command in ["check-config", "serve"] {
            assert_no_secret_printed(&seed, &sandbox.run(&[command, "--config", &file]));
        }
    }
}

#[test]
fn invalid_development_key_is_not_quoted() {
    let sandbox = Sandbox::new();
    sandbox.write("state/usher/development-key.pk8", &format!("{CLIENT_SECRET} is no key"));
    assert_no_secret_printed("token", &sandbox.run(&["token"]));
    assert_no_secret_printed("serve", &sandbox.run(&["serve", "--dev", "--listen", "127.0.0.1:0"]));
}
