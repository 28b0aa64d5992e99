//! The call context that the directory receives.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ports::{CallContext, MockUserDirectory};
use tokio::time::Instant;

use crate::support::{App, AppOptions};

#[tokio::test]
async fn directory_gets_request_id_and_deadline() {
    let captured = Arc::new(Mutex::new(None));
    let mut directory = MockUserDirectory::new();
    let slot = Arc::clone(&captured);
    directory.expect_find().returning(move |_, _| {
        *slot.lock().unwrap() = CallContext::current();
        Ok(None)
    });
    let options = AppOptions {
        http: "request_timeout_ms = 60000",
        directory: Some(Arc::new(directory)),
        ..AppOptions::default()
    };
    let app = App::start_with(options).await;

    let before = Instant::now();
    let answer = app.tenant("acme").get("/api/acme/admin/users/auth0%7Colga").await;

    assert_eq!(answer.status, 404);
    let call = captured.lock().unwrap().take().unwrap();
    assert_eq!(call.request_id(), answer.headers["x-request-id"]);
    let remaining = call.deadline() - before;
    assert!(
        remaining > Duration::from_secs(50)
            && remaining < Duration::from_mins(1) + before.elapsed()
    );
}
