//! The form of the events of `tracing`: that of its own formatters, with the id of the request.
//!
//! A request has a span only where spans are logged or exported. Without one, its events show its
//! id as if they were in a span `request` with the field `request_id`.

use std::fmt;
use std::sync::Arc;

use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, FormatEvent, FormatFields, Full, Json, Writer};
use tracing_subscriber::fmt::{FmtContext, format};
use tracing_subscriber::registry::LookupSpan;

use super::escape::{push_json, push_quoted};
use super::form::{BOLD, DIMMED, push_styled, push_text_head};

/// Returns the id of the request that the current task works for.
pub(super) type CurrentRequestId = fn() -> Option<Arc<str>>;

/// Events as text.
#[derive(Debug)]
pub(super) struct TextEvents {
    request_id: CurrentRequestId,
    ansi: bool,
    /// The form of what follows the level.
    rest: Format<Full, ()>,
}

impl TextEvents {
    pub(super) fn new(request_id: CurrentRequestId, ansi: bool) -> Self {
        Self { request_id, ansi, rest: format().without_time().with_level(false) }
    }
}

impl<S, N> FormatEvent<S, N> for TextEvents
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (mut head, ansi) = (Vec::new(), self.ansi);
        push_text_head(&mut head, *event.metadata().level(), ansi);
        if let Some(id) = id_without_span(context, event, self.request_id) {
            push_styled(&mut head, BOLD, b"request", ansi);
            push_styled(&mut head, BOLD, b"{", ansi);
            head.extend_from_slice(b"request_id=");
            push_quoted(&mut head, &id);
            push_styled(&mut head, BOLD, b"}", ansi);
            push_styled(&mut head, DIMMED, b":", ansi);
            head.push(b' ');
        }
        writer.write_str(&String::from_utf8_lossy(&head))?;
        self.rest.format_event(context, writer, event)
    }
}

/// Events as JSON.
#[derive(Debug)]
pub(super) struct JsonEvents {
    request_id: CurrentRequestId,
    event: Format<Json>,
}

impl JsonEvents {
    pub(super) fn new(request_id: CurrentRequestId) -> Self {
        // The outermost span has the id of the request.
        Self { request_id, event: format().json().with_current_span(false).with_span_list(true) }
    }
}

impl<S, N> FormatEvent<S, N> for JsonEvents
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(id) = id_without_span(context, event, self.request_id) else {
            return self.event.format_event(context, writer, event);
        };
        let (mut object, mut request_id) = (String::new(), Vec::new());
        self.event.format_event(context, Writer::new(&mut object), event)?;
        let object = object.strip_suffix("}\n").ok_or(fmt::Error)?;
        push_json(&mut request_id, &id);
        let request_id = String::from_utf8_lossy(&request_id);
        writeln!(
            writer,
            "{object},\"spans\":[{{\"request_id\":{request_id},\"name\":\"request\"}}]}}"
        )
    }
}

/// Returns the id of the request, unless the event is in a span, which then tells it.
fn id_without_span<S, N>(
    context: &FmtContext<'_, S, N>,
    event: &Event<'_>,
    request_id: CurrentRequestId,
) -> Option<Arc<str>>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'w> FormatFields<'w> + 'static,
{
    let is_within_span = event.is_contextual() && context.lookup_current().is_some();
    if event.is_contextual() && !is_within_span { request_id() } else { None }
}
