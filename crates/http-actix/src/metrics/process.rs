//! What the system knows of the process, by the names that Prometheus clients share.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::telemetry;

pub(super) fn register(registry: &mut Registry) {
    registry.register_collector(Box::new(ProcessCollector::default()));
}

/// Asks when it is asked.
#[derive(Debug, Default)]
struct ProcessCollector {
    #[cfg(target_os = "linux")]
    last: linux::Last,
}

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        encode(
            &mut encoder,
            "usher_log_lines_dropped",
            "Lines of the log that could not be written, or came faster than they could be",
            &ConstCounter::new(telemetry::dropped_lines()),
        )?;
        encode(
            &mut encoder,
            "usher_http_malformed",
            "Connections that were closed since what came was no HTTP",
            &ConstCounter::new(telemetry::malformed()),
        )?;
        #[cfg(target_os = "linux")]
        if let Some(process) = self.last.ask() {
            process.encode(&mut encoder)?;
        }
        Ok(())
    }
}

fn encode(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    metric: &impl EncodeMetric,
) -> Result<(), std::fmt::Error> {
    let encoder: MetricEncoder<'_> =
        encoder.encode_descriptor(name, help, None, metric.metric_type())?;
    metric.encode(encoder)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::sync::{Mutex, PoisonError};

    use procfs::process::LimitValue;
    use procfs::{CurrentSI as _, WithCurrentSystemInfo as _};

    use super::{ConstCounter, ConstGauge, DescriptorEncoder, encode};

    /// What `/proc` said last.
    #[derive(Debug, Default)]
    pub(super) struct Last(Mutex<Option<Process>>);

    impl Last {
        /// What it says now. To be asked it needs file descriptors: where there are none left, it is
        /// what it said last, and that there are none left.
        pub(super) fn ask(&self) -> Option<Process> {
            let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Process::now().filter(|now| now.open.is_some());
            *last = now.or_else(|| last.map(|last| Process { open: last.most, ..last }));
            *last
        }
    }

    /// What `/proc` says.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Process {
        cpu_seconds: f64,
        started: f64,
        resident: u64,
        virtual_memory: u64,
        threads: i64,
        open: Option<u64>,
        most: Option<u64>,
    }

    impl Process {
        pub(super) fn now() -> Option<Self> {
            let process = procfs::process::Process::myself().ok()?;
            let stat = process.stat().ok()?;
            let ticks = procfs::ticks_per_second();
            let boot = procfs::KernelStats::current().ok()?.btime;
            let most = process.limits().ok().map(|limits| limits.max_open_files.soft_limit);
            Some(Self {
                cpu_seconds: seconds(stat.utime.saturating_add(stat.stime), ticks),
                started: seconds(boot, 1) + seconds(stat.starttime, ticks),
                resident: stat.rss_bytes().get(),
                virtual_memory: stat.vsize,
                threads: stat.num_threads,
                open: process.fd_count().ok().and_then(|count| u64::try_from(count).ok()),
                most: most.and_then(|most| match most {
                    LimitValue::Value(most) => Some(most),
                    LimitValue::Unlimited => None,
                }),
            })
        }

        pub(super) fn encode(
            &self,
            encoder: &mut DescriptorEncoder<'_>,
        ) -> Result<(), std::fmt::Error> {
            encode(
                encoder,
                "process_cpu_seconds",
                "CPU time that the process has used",
                &ConstCounter::new(self.cpu_seconds),
            )?;
            encode(
                encoder,
                "process_start_time_seconds",
                "When the process was started, in Unix time",
                &ConstGauge::new(self.started),
            )?;
            let gauges = [
                (
                    "process_resident_memory_bytes",
                    "Memory that the process has in RAM",
                    Some(self.resident),
                ),
                (
                    "process_virtual_memory_bytes",
                    "Address space of the process",
                    Some(self.virtual_memory),
                ),
                ("process_threads", "Threads of the process", u64::try_from(self.threads).ok()),
                ("process_open_fds", "File descriptors that the process has open", self.open),
                ("process_max_fds", "File descriptors that it may have open", self.most),
            ];
            for (name, help, value) in gauges {
                if let Some(value) = value {
                    encode(encoder, name, help, &ConstGauge::new(value))?;
                }
            }
            Ok(())
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "2^53 ticks are longer than any process runs")]
    fn seconds(count: u64, per_second: u64) -> f64 {
        count as f64 / per_second.max(1) as f64
    }
}
