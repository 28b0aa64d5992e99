//! Processes whose instructions callgrind counts.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The instructions of a process in user space.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    /// Of all threads.
    pub(crate) all_threads: u64,
    /// Of the thread with the most, which is the one that serves the connection.
    pub(crate) busiest_thread: u64,
}

impl Counts {
    /// Returns the counts divided by the number of requests.
    pub(crate) fn per_request(self, requests: usize) -> Self {
        let requests = requests as u64;
        Self {
            all_threads: self.all_threads / requests,
            busiest_thread: self.busiest_thread / requests,
        }
    }
}

/// A process under callgrind, which is killed on drop.
pub(crate) struct Callgrind {
    process: Child,
    output: PathBuf,
    /// How often the counters were read.
    dumps: usize,
}

impl Drop for Callgrind {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Callgrind {
    /// Starts a command under callgrind. `output` is the prefix of the files that callgrind writes.
    ///
    /// Addresses are the same in each run: valgrind lays out the memory of the process itself.
    pub(crate) fn start(command: &Command, output: PathBuf) -> Self {
        // On one processor, with threads that take turns: otherwise it depends on the load of the
        // machine whether a thread sleeps before what it waits for is there, and must be woken.
        let mut valgrind = Command::new("taskset");
        valgrind
            .args(["--cpu-list", &allowed_processor()])
            .args(["valgrind", "--tool=callgrind", "--fair-sched=yes"])
            .args(["--separate-threads=yes", "--dump-line=no"])
            .arg(format!("--callgrind-out-file={}", output.display()))
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::null())
            .stdout(fs::File::create(output.with_extension("stdout")).unwrap())
            .stderr(fs::File::create(output.with_extension("stderr")).unwrap());
        // Settings in the environment would change what is measured.
        valgrind.env_clear();
        valgrind.envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "HOME"));
        Self { process: valgrind.spawn().expect("taskset"), output, dumps: 0 }
    }

    /// Returns whether the process still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// Returns the counts since the last call, or since the start, once the process is idle.
    pub(crate) fn take_counts(&mut self) -> Counts {
        self.wait_until_idle();
        self.dumps += 1;
        // Attaches to the process with ptrace if that is necessary, and waits for the dump.
        let output = Command::new("vgdb")
            .arg(format!("--pid={}", self.process.id()))
            .args(["dump", "group"])
            .output()
            .expect("vgdb, which is part of valgrind");
        assert!(output.status.success(), "vgdb: {}", String::from_utf8_lossy(&output.stderr));
        let prefix = format!("{}.{}-", self.output.display(), self.dumps);
        let mut counts = Counts { all_threads: 0, busiest_thread: 0 };
        for entry in fs::read_dir(self.output.parent().unwrap()).unwrap() {
            let path = entry.unwrap().path();
            if path.to_str().unwrap().starts_with(&prefix) {
                let count = total(&fs::read_to_string(&path).unwrap());
                counts.all_threads += count;
                counts.busiest_thread = counts.busiest_thread.max(count);
                fs::remove_file(path).unwrap();
            }
        }
        assert!(counts.all_threads > 0, "no dump at {prefix}");
        counts
    }

    /// Waits until every thread sleeps: what follows the last response has been done.
    fn wait_until_idle(&self) {
        let mut idle_checks = 0;
        while idle_checks < 5 {
            std::thread::sleep(Duration::from_millis(4));
            idle_checks = if self.is_idle() { idle_checks + 1 } else { 0 };
        }
    }

    /// Returns whether the state of every thread is `S`, sleeping (proc(5)).
    fn is_idle(&self) -> bool {
        let tasks = format!("/proc/{}/task", self.process.id());
        fs::read_dir(tasks).unwrap().all(|task| {
            // A thread may end meanwhile.
            let stat = fs::read_to_string(task.unwrap().path().join("stat")).unwrap_or_default();
            stat.rsplit(") ")
                .next()
                .is_none_or(|fields| fields.is_empty() || fields.starts_with('S'))
        })
    }
}

/// Returns the number of the last processor that this process may use (proc(5)).
fn allowed_processor() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    list.and_then(|list| list.trim().rsplit([',', '-']).next()).expect("a processor").to_owned()
}

/// Returns the total of a dump.
fn total(dump: &str) -> u64 {
    let line = dump.lines().find_map(|line| line.strip_prefix("totals: "));
    line.expect("a line with the totals").trim().parse().unwrap()
}
