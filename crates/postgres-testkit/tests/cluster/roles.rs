//! Roles with passwords.

use postgres_testkit::{Role, shared};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, NoTls};

async fn connect(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

#[tokio::test]
async fn role_logs_in_with_its_password_only() {
    let Some(cluster) = shared() else { return };
    let database = cluster.database().unwrap();
    let role = cluster.login_role("Ann's \"role\"", "p@ss/word' ?").unwrap();
    let client = connect(&database.url_for(&role)).await.unwrap();
    let row = client.query_one(
        "SELECT current_user::text, usesuper FROM pg_user WHERE usename = current_user",
        &[],
    );
    let row = row.await.unwrap();
    assert_eq!((row.get::<_, &str>(0), row.get::<_, bool>(1)), (role.name.as_str(), false));

    let wrong = Role { password: "another".to_owned(), ..role };
    let error = connect(&database.url_for(&wrong)).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::INVALID_PASSWORD), "{error}");
}

#[tokio::test]
async fn password_of_a_role_changes_also_under_races() {
    let Some(cluster) = shared() else { return };
    let database = cluster.database().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| cluster.login_role("raced", "first").unwrap());
        }
    });
    let role = cluster.login_role("raced", "second").unwrap();
    connect(&database.url_for(&role)).await.unwrap();
    let old = Role { password: "first".to_owned(), ..role };
    connect(&database.url_for(&old)).await.unwrap_err();
}
