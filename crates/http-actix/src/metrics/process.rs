//! What the system knows of the process, by the names that Prometheus clients share.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::telemetry;

pub(super) fn register(registry: &mut Registry) {
    registry.register_collector(Box::new(ProcessCollector));
}

/// Asks when it is asked.
#[derive(Debug)]
struct ProcessCollector;

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        encode(
            &mut encoder,
            "usher_log_lines_dropped",
            "Lines of the log that could not be written, or came faster than they could be",
            &ConstCounter::new(telemetry::dropped_lines()),
        )?;
        #[cfg(target_os = "linux")]
        if let Some(process) = linux::Process::now() {
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
    use procfs::process::LimitValue;
    use procfs::{CurrentSI as _, WithCurrentSystemInfo as _};

    use super::{ConstCounter, ConstGauge, DescriptorEncoder, encode};

    /// What `/proc` says.
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
