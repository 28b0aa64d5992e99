//! TCP connections, with `psql` as an independent client.

use std::path::Path;
use std::process::Command;

use postgres_testkit::{Authority, Cluster, Network, Options, dedicated, shared};
use tokio_postgres::NoTls;

/// Returns what `psql` prints for a query over TCP, or its error.
fn psql(cluster: &Cluster, parameters: &str) -> Result<String, String> {
    let role = cluster.login_role("remote", "secret").unwrap();
    let url = format!("{}?{parameters}", cluster.tcp_url_for(&role).unwrap());
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let output = Command::new("psql").args(["-X", "-A", "-t", "-c", sql, &url]).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn verified(ca: &Path) -> String {
    format!("sslmode=verify-full&sslrootcert={}", ca.display())
}

#[test]
fn server_with_tls_requires_it_and_is_verified() {
    let options = Options { network: Network::Tls, ..Options::default() };
    let Some(cluster) = dedicated(options) else { return };
    let ca = cluster.ca_file().unwrap();
    assert_eq!(std::fs::read_to_string(&ca).unwrap(), cluster.ca_pem().unwrap());
    assert_eq!(psql(&cluster, &verified(&ca)), Ok("t".to_owned()));
    // The certificate has a name that is not of the loopback interface.
    let named = format!("{}&host=postgres.test&hostaddr=127.0.0.1", verified(&ca));
    assert_eq!(psql(&cluster, &named), Ok("t".to_owned()));
    let misnamed = format!("{}&host=other.test&hostaddr=127.0.0.1", verified(&ca));
    let error = psql(&cluster, &misnamed).unwrap_err();
    assert!(error.contains("does not match host name"), "{error}");

    let error = psql(&cluster, "sslmode=disable").unwrap_err();
    assert!(error.contains("no pg_hba.conf entry"), "{error}");

    let files = tempfile::tempdir().unwrap();
    let other = files.path().join("other.pem");
    std::fs::write(&other, Authority::generate().unwrap().pem()).unwrap();
    let error = psql(&cluster, &verified(&other)).unwrap_err();
    assert!(error.contains("certificate verify failed"), "{error}");
}

#[test]
fn server_without_tls_offers_none_and_keeps_its_port() {
    let options = Options { network: Network::Plain, ..Options::default() };
    let Some(mut cluster) = dedicated(options) else { return };
    assert_eq!((cluster.ca_pem(), cluster.ca_file()), (None, None));
    assert_eq!(psql(&cluster, "sslmode=prefer"), Ok("f".to_owned()));
    let error = psql(&cluster, "sslmode=require").unwrap_err();
    assert!(error.contains("server does not support SSL"), "{error}");
    cluster.stop().unwrap();
    cluster.restart().unwrap();
    assert_eq!(psql(&cluster, "sslmode=prefer"), Ok("f".to_owned()));
}

#[tokio::test]
async fn password_is_required_over_tcp() {
    let options = Options { network: Network::Plain, ..Options::default() };
    let Some(cluster) = dedicated(options) else { return };
    let role = cluster.login_role("remote", "secret").unwrap();
    let url = cluster.tcp_url_for(&role).unwrap().replace("remote:secret", "postgres:secret");
    let error = tokio_postgres::connect(&url, NoTls).await.err().unwrap();
    assert!(error.as_db_error().unwrap().message().contains("password"), "{error}");
}

#[test]
fn shared_cluster_has_no_port() {
    let Some(cluster) = shared() else { return };
    let role = cluster.login_role("remote", "secret").unwrap();
    assert!(cluster.tcp_url_for(&role).is_err());
}
