//! Metrics of the process, by the names that Prometheus clients share.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Reads `/proc` on each scrape.
#[derive(Debug, Default)]
pub(super) struct ProcessCollector {
    #[cfg(target_os = "linux")]
    last: linux::LastReading,
}

impl Collector for ProcessCollector {
    #[cfg_attr(not(target_os = "linux"), expect(unused_mut, reason = "has nothing to encode"))]
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        #[cfg(target_os = "linux")]
        if let Some(process) = self.last.update() {
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
    use parking_lot::Mutex;
    use procfs::process::LimitValue;
    use procfs::{CurrentSI as _, WithCurrentSystemInfo as _};

    use super::{ConstCounter, ConstGauge, DescriptorEncoder, encode};

    /// The last reading of `/proc`.
    #[derive(Debug, Default)]
    pub(super) struct LastReading(Mutex<Option<Process>>);

    impl LastReading {
        /// Reads `/proc` again. This needs file descriptors: if there are none left, it returns the
        /// last reading, with all of them open.
        pub(super) fn update(&self) -> Option<Process> {
            let mut last = self.0.lock();
            let now = Process::read().filter(|now| now.open_fds.is_some());
            *last = now.or_else(|| last.map(|last| Process { open_fds: last.max_fds, ..last }));
            *last
        }
    }

    /// One reading of `/proc`.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct Process {
        cpu_seconds: f64,
        start_time: f64,
        resident_memory: u64,
        virtual_memory: u64,
        threads: i64,
        open_fds: Option<u64>,
        max_fds: Option<u64>,
    }

    impl Process {
        fn read() -> Option<Self> {
            let process = procfs::process::Process::myself().ok()?;
            let stat = process.stat().ok()?;
            let ticks = procfs::ticks_per_second();
            let boot = procfs::KernelStats::current().ok()?.btime;
            let max_fds = process.limits().ok().map(|limits| limits.max_open_files.soft_limit);
            Some(Self {
                cpu_seconds: seconds(stat.utime.saturating_add(stat.stime), ticks),
                start_time: seconds(boot, 1) + seconds(stat.starttime, ticks),
                resident_memory: stat.rss_bytes().get(),
                virtual_memory: stat.vsize,
                threads: stat.num_threads,
                open_fds: process.fd_count().ok().and_then(|count| u64::try_from(count).ok()),
                max_fds: max_fds.and_then(|limit| match limit {
                    LimitValue::Value(limit) => Some(limit),
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
                &ConstGauge::new(self.start_time),
            )?;
            let gauges = [
                (
                    "process_resident_memory_bytes",
                    "Memory that the process has in RAM",
                    Some(self.resident_memory),
                ),
                (
                    "process_virtual_memory_bytes",
                    "Address space of the process",
                    Some(self.virtual_memory),
                ),
                ("process_threads", "Threads of the process", u64::try_from(self.threads).ok()),
                ("process_open_fds", "File descriptors that the process has open", self.open_fds),
                ("process_max_fds", "File descriptors that it may have open", self.max_fds),
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
