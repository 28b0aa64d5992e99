//! Texts that most processes never serve.

use std::fmt;
use std::sync::OnceLock;

use actix_web::web::Bytes;

/// A text that is generated when it is first requested, so that the start does not wait for it.
pub(crate) struct LazyText {
    generate: Box<dyn Fn() -> Result<String, serde_json::Error> + Send + Sync>,
    text: OnceLock<Bytes>,
}

impl fmt::Debug for LazyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyText").finish_non_exhaustive()
    }
}

impl LazyText {
    pub(crate) fn new(
        generate: impl Fn() -> Result<String, serde_json::Error> + Send + Sync + 'static,
    ) -> Self {
        Self { generate: Box::new(generate), text: OnceLock::new() }
    }

    /// Returns the text.
    ///
    /// # Errors
    /// If it cannot be generated; the next call tries again.
    pub(crate) fn get(&self) -> Result<Bytes, serde_json::Error> {
        if let Some(text) = self.text.get() {
            return Ok(text.clone());
        }
        let text = (self.generate)()?.into();
        Ok(self.text.get_or_init(|| text).clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn text_is_generated_once_when_requested() {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let text = LazyText::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok("text".to_owned())
        });
        assert_eq!(calls.load(Ordering::SeqCst), 0);
        for _ in 0..2 {
            assert_eq!(text.get().unwrap(), "text");
        }
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }
}
