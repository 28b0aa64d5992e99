//! The inbound call within which a port is asked.

use std::sync::Arc;

use tokio::time::Instant;

/// What an adapter may know of the inbound call: its name, and when it has to be over.
///
/// It travels beside the arguments, as a task-local value, since it changes nothing of what a
/// method means. A task that an adapter spawns has none unless the adapter hands it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    request_id: Arc<str>,
    deadline: Instant,
}

tokio::task_local! {
    static CURRENT: Call;
}

impl Call {
    /// A call of this name; its answer is of no use after the deadline.
    pub fn new(request_id: Arc<str>, deadline: Instant) -> Self {
        Self { request_id, deadline }
    }

    /// The call that the running task is part of, if it was told.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(Self::clone).ok()
    }

    /// Runs the future as a part of this call.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    /// The request id by which clients, logs and support speak of the call: at most 64 letters,
    /// digits, dots, hyphens and underscores.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// When the answer is of no use any more.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_is_known_within_its_scope_and_nowhere_else() {
        let call = Call::new("abc".into(), Instant::now());
        let within = call.clone().scope(async { Call::current() }).await;
        assert_eq!(within, Some(call));
        assert_eq!(Call::current(), None);
    }
}
